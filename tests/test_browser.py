"""The daily job in a real browser: report with a file, return, resubmit, accept, close."""

import shutil

import pytest

from agreements.models import Roadmap, RoadmapItem
from partners.models import Partner
from projects.models import Indicator, Project
from tests.site import PASSWORD, serve

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium found: the walk through the pages is left out"),
    pytest.mark.django_db,  # so that there is a database to copy
]


@pytest.fixture(scope="module")
def site(django_db_setup, django_db_blocker, tmp_path_factory):
    with django_db_blocker.unblock(), serve(tmp_path_factory.mktemp("media"), "browser") as site:
        office = site.user("officer")
        site.user("controller")
        site.user("administrator")
        with site.database():
            ministry = Partner.objects.create(name="Ministry of Soils", kind="authority", country="BY")
            office.memberships.create(organisation=ministry)
            state = Partner.objects.create(reference="W-P1", name="Guinea", kind="state", country="GQ")
            roadmap = Roadmap.objects.create(
                reference="W-R1",
                name="Roadmap 2020",
                status="signed",
                counterpart=state,
                period="2020",
                signed="2019-12",
                declared_items=5,
            )
            item = RoadmapItem.objects.create(reference="W-I1", roadmap=roadmap, name="Agro-town", lead=ministry)
            project = Project.objects.create(
                reference="W-J1", name="Soil laboratory", stage_at_entry="agreed", lead=ministry, due="2020"
            )
            project.items.add(item)
            trade = Indicator.objects.create(name="Trade", quantity="trade", unit="million", subject=state)
            trade.targets.create(value=5, period="2020")
            trade.observations.create(value=2, period="2020")
        yield site


@pytest.fixture
def browser(site):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def log_in(browser, site):
    """A window in which somebody has logged in; what its console complains of fails the test at its end."""
    complaints = []

    def window(name, **options):
        page = browser.new_context(base_url=site.url, locale="en", **options).new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/accounts/login/")
        page.fill("[name=username]", name)
        page.fill("[name=password]", PASSWORD)
        page.click("main button[type=submit]")
        page.wait_for_url(site.url + "/")
        return page

    yield window
    assert complaints == []


def test_from_a_report_to_a_closed_item(site, log_in, tmp_path):
    proof = tmp_path / "proof.pdf"
    proof.write_bytes(b"%PDF-1.7 walls")
    officer = log_in("officer")
    officer.goto("/admin/")
    officer.get_by_role("link", name="Soil laboratory").first.click()
    officer.get_by_role("link", name="Report", exact=True).click()
    officer.select_option("[name=stage]", "completed")
    officer.select_option("[name=confidence]", "on_track")
    officer.fill("[name=text]", "The laboratory stands")
    officer.set_input_files("[name=evidence-0-content]", proof)
    officer.get_by_role("button", name="Save and submit").click()
    officer.wait_for_url("**/admin/projects/statusupdate/**")
    officer.get_by_text("successfully").first.wait_for()

    controller = log_in("controller")
    controller.goto("/overdue/")
    assert controller.locator("[data-reference=W-I1]").count() == 1
    controller.goto("/admin/")
    controller.get_by_role("link", name="Soil laboratory").first.click()
    controller.get_by_role("link", name="proof.pdf").first.wait_for()
    controller.get_by_role("link", name="Return with a reason").click()
    controller.fill("[name=why]", "Which room?")
    controller.get_by_role("button", name="Return with a reason").click()
    controller.wait_for_url("**/change/")

    officer.goto("/admin/")
    officer.get_by_role("region", name="Returned to me").get_by_role("link", name="Soil laboratory").click()
    officer.get_by_role("link", name="Write it anew").click()
    officer.get_by_role("button", name="Write it anew").click()
    officer.get_by_text("Which room?").first.wait_for()
    assert officer.input_value("[name=text]") == "The laboratory stands"
    officer.fill("[name=text]", "The laboratory stands, all rooms")
    officer.get_by_role("button", name="Save and submit").click()
    officer.wait_for_url("**/admin/projects/statusupdate/**")
    officer.get_by_text("successfully").first.wait_for()

    controller.goto("/admin/")
    controller.get_by_role("link", name="Soil laboratory").first.click()
    controller.get_by_role("link", name="Accept").click()
    controller.get_by_role("button", name="Accept").click()
    controller.wait_for_url("**/change/")
    controller.goto("/projects/W-J1/")
    assert "completed" in controller.locator(".marks").inner_text()
    assert "all rooms" in controller.content()
    controller.goto("/roadmap-items/W-I1/")
    controller.get_by_role("link", name="Open in the admin").click()
    controller.get_by_role("link", name="Close the item").click()
    controller.select_option("[name=as_]", "fulfilled")
    controller.fill("[name=why]", "Accepted on the spot")
    controller.get_by_role("button", name="Close the item").click()
    controller.wait_for_url("**/change/")
    controller.goto("/overdue/")
    assert controller.locator("[data-reference=W-I1]").count() == 0


PAGES = [
    "/",
    "/overdue/",
    "/roadmaps/",
    "/projects/",
    "/projects/W-J1/",
    "/roadmap-items/W-I1/",
    "/partners/",
    "/findings/",
    "/search/?q=soil",
    "/due/?within=3000&group=lead",
    "/silent/?on=2027-06-01",
    "/slippage/",
    "/terms/",
    "/roadmaps/W-R1/",
    "/partners/W-P1/",
    "/compare/?since=2019-12-31",
    "/agreements/",
    "/meetings/",
]


@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_no_page_is_wider_than_the_window(log_in, width):
    page = log_in("controller", viewport={"width": width, "height": 900})
    for address in PAGES:
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, address


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_have_no_faults_of_accessibility(log_in, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = log_in("controller", color_scheme=scheme)
    found = {}
    for address in PAGES:
        page.goto(address)
        violations = Axe().run(page).response["violations"]
        found[address] = [(rule["id"], rule["nodes"][0]["html"]) for rule in violations]
    assert found == {address: [] for address in PAGES}


def test_the_keyboard_reaches_the_content_first(log_in):
    page = log_in("controller")
    page.goto("/overdue/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.url.endswith("#content")


@pytest.mark.parametrize("width", [390, 1280])
def test_the_description_of_the_api_is_drawn_without_inline_code_or_other_hosts(site, log_in, width):
    page = log_in("controller", viewport={"width": width, "height": 900})
    page.set_default_timeout(60_000)  # it draws 76 addresses
    hosts = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    answer = page.goto("/api/docs/")
    assert "unsafe" not in answer.headers["content-security-policy"]
    page.locator("#operations-reports-reports_overdue_list .opblock-summary-control").click()
    page.get_by_text("Repeat the parameter for any of several").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert hosts == {site.url.split("/")[2]}
