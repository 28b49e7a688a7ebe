"""A server that takes mail: `mail.py plain|starttls|tls FOLDER`.

Prints the port that it listens on. Each message becomes a file of JSON in the folder: who it is from and for, its headers, its
parts, and how it came. With TLS, the certificate is `FOLDER/certificate.pem`, and nobody sends without signing in as anna.
"""

import asyncio
import datetime
import ipaddress
import json
import ssl
import sys
from email import message_from_bytes, policy
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

MODE, FOLDER = sys.argv[1], Path(sys.argv[2])


class Taking:
    """Writes what comes."""

    count = 0

    async def handle_DATA(self, server, session, envelope):
        mail = message_from_bytes(envelope.content, policy=policy.default)
        parts = {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}
        came = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": [[name, str(value)] for name, value in mail.items()],
            "defects": [str(defect) for part in mail.walk() for defect in part.defects],
            "parts": parts,
            "tls": session.ssl is not None or server.transport.get_extra_info("ssl_object") is not None,
            "user": session.auth_data.login.decode() if session.auth_data else None,
        }
        Taking.count += 1
        # Whoever looks sees all of it or nothing.
        path = FOLDER / f"{Taking.count}.json"
        path.with_suffix(".part").write_text(json.dumps(came))
        path.with_suffix(".part").rename(path)
        return "250 taken as " + str(Taking.count)


def is_anna(server, session, envelope, mechanism, data):
    is_right = (data.login, data.password) == (b"anna", b"hush-hush")
    # Not handled: the server is to say so itself.
    return AuthResult(success=is_right, handled=False, auth_data=data)


def context():
    """TLS with a certificate that this has signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (FOLDER / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (FOLDER / "key.pem").write_bytes(private)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(FOLDER / "certificate.pem", FOLDER / "key.pem")
    return tls


async def main():
    tls = None if MODE == "plain" else context()
    how = {}
    if tls:
        how = {"authenticator": is_anna, "auth_required": True, "auth_require_tls": MODE == "starttls"}
    if MODE == "starttls":
        how |= {"tls_context": tls, "require_starttls": True}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Taking(), enable_SMTPUTF8=True, **how), "127.0.0.1", 0, ssl=tls if MODE == "tls" else None
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
