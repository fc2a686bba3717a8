"""Take the pictures of this folder: every page on the seed at phone, desk and wall width.

`PACTA_PASSWORD=… python docs/screens/take.py http://127.0.0.1:8000 admin` with a running server.
"""

import os
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE, SIZES = Path(__file__).parent, {390: 1800, 1280: 1200, 1920: 1200}
PAGES = {
    "overview": "/",
    "overdue": "/overdue/?group=partner",
    "due": "/due/?within=365",
    "silent": "/silent/",
    "slippage": "/slippage/",
    "terms": "/terms/?months=60",
    "findings": "/findings/",
    "compare": "/compare/?since=2024-06-01",
    "partners": "/partners/",
    "partner": "/partners/FEZ-P21/",
    "agreements": "/agreements/",
    "agreement": "/agreements/VNM-A01/",
    "roadmaps": "/roadmaps/",
    "roadmap": "/roadmaps/GNQ-R01/",
    "projects": "/projects/",
    "project": "/projects/GNQ-J02/",
    "search": "/search/?q=guinea",
    "admin": "/admin/",
}


def main(site: str, user: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for width, height in SIZES.items():
            page = browser.new_context(
                viewport={"width": width, "height": height}, base_url=site, locale="en"
            ).new_page()
            page.goto("/accounts/login/")
            page.fill("[name=username]", user)
            page.fill("[name=password]", os.environ["PACTA_PASSWORD"])
            page.click("main button[type=submit]")
            for name, address in PAGES.items():
                page.goto(address)
                page.screenshot(path=HERE / f"{name}-{width}.png")
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
