from knox.auth import TokenAuthentication


class BearerAuthentication(TokenAuthentication):
    """`Authorization: Bearer <token>`; the token of the request is `request.auth`."""
