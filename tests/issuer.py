"""A log-in service of OpenID Connect on loopback, as small as one can be, and able to lie."""

import hashlib
import json
import threading
import time
from base64 import urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLIENT = "pacta"


class Issuer:
    def __init__(self):
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.codes = {}
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                public = json.loads(RSAAlgorithm.to_jwk(issuer.key.public_key()))
                self.say(200, {"keys": [{**public, "kid": "k1", "alg": "RS256", "use": "sig"}]})

            def do_POST(self):
                sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                code, verifier = sent["code"][0], sent.get("code_verifier", [""])[0]
                challenge, token = issuer.codes.pop(code, (None, None))
                digest = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
                if challenge != digest:
                    self.say(400, {"error": "invalid_grant"})
                else:
                    self.say(200, {"access_token": "unused", "token_type": "Bearer", "id_token": token})

            def say(self, status, body):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def log_in(self, address, *, key=None, algorithm="RS256", leave_out=(), **claims):
        """What the reader's browser brings back after logging in: the query for the site."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT)
        assert asked["code_challenge_method"] == "S256"
        now = int(time.time())
        told = {"iss": self.url, "aud": CLIENT, "sub": "s-1", "iat": now, "exp": now + 60, "nonce": asked["nonce"]}
        told = {name: value for name, value in (told | claims).items() if name not in leave_out}
        signing = None if algorithm == "none" else key or self.key
        token = jwt.encode(told, signing, algorithm=algorithm, headers={"kid": "k1"})
        code = f"code-{len(self.codes)}-{asked['state'][:6]}"
        self.codes[code] = (asked["code_challenge"], token)
        return {"code": code, "state": asked["state"]}
