"""A certificate for 127.0.0.1 and the authority that signed it, for the listener that needs TLS and a password."""

from __future__ import annotations

from pathlib import Path

from tests.servers.cache import part
from tests.servers.tools import jdk_tool, run

# They protect nothing: whoever can read them can read the servers' data as well.
PASSWORD = "stacfed"
VALID_DAYS = "3650"
TOOL_S = 60.0
STORE = ["-storetype", "PKCS12", "-storepass", PASSWORD]
KEY = ["-keyalg", "EC", "-groupname", "secp256r1", "-validity", VALID_DAYS]
AUTHORITY = ["-ext", "bc:c=ca:true", "-ext", "ku:c=keyCertSign,cRLSign"]
SIGNED = [
    "-validity",
    VALID_DAYS,
    "-ext",
    "san=ip:127.0.0.1,dns:localhost",
    "-ext",
    "ku:c=digitalSignature",
    "-ext",
    "eku=serverAuth",
]


def certificates() -> Path:
    """A folder with ca.pem and server.p12, a key store whose password is PASSWORD. Raises Missing."""
    return part("certificates", make_certificates)


def make_certificates(folder: Path) -> None:
    """A new authority and a new key in that folder."""
    ours, theirs = ["-keystore", "server.p12", *STORE], ["-keystore", "ca.p12", *STORE]
    steps = [
        ["-genkeypair", "-alias", "ca", "-dname", "CN=stacfed test authority", *theirs, *KEY, *AUTHORITY],
        ["-exportcert", "-rfc", "-alias", "ca", *theirs, "-file", "ca.pem"],
        ["-genkeypair", "-alias", "server", "-dname", "CN=127.0.0.1", *ours, *KEY],
        ["-certreq", "-alias", "server", *ours, "-file", "server.csr"],
        [
            "-gencert",
            "-rfc",
            "-alias",
            "ca",
            *theirs,
            *SIGNED,
            "-infile",
            "server.csr",
            "-outfile",
            "server.pem",
        ],
        ["-importcert", "-noprompt", "-alias", "ca", *ours, "-file", "ca.pem"],
        ["-importcert", "-noprompt", "-alias", "server", *ours, "-file", "server.pem"],
    ]
    for step in steps:
        run([jdk_tool("keytool"), *step], folder, TOOL_S)
