"""Certificates for tests: an authority of our own, and what goes wrong with certificates."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Certificate:
    cert: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def cert_pem(self) -> str:
        return self.cert.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()


def make_certificate(
    name: str, *, issuer: Certificate | None = None, days: int = 2, hosts: tuple[str, ...] = ()
) -> Certificate:
    """Without an issuer it is an authority; with negative days it has expired."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.cert.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if hosts:
        names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    signer = issuer.key if issuer else key
    return Certificate(builder.sign(signer, hashes.SHA256()), key)


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def server_context(
    certificate: Certificate,
    folder: Path,
    *,
    client_authority: Certificate | None = None,
    protocols: tuple[str, ...] = (),
) -> ssl.SSLContext:
    path = folder / f"server-{certificate.cert.serial_number}.pem"
    path.write_text(certificate.cert_pem + certificate.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    if protocols:
        context.set_alpn_protocols(list(protocols))
    if client_authority is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=client_authority.cert_pem)
    return context


def write_certificates(folder: Path, *, host: str, days: int = 2) -> None:
    """`authority.pem`, and what a server at this host shows: `vendor.pem` with `vendor.key`."""
    authority = make_certificate("Authority of the stubs", days=days)
    server = make_certificate("vendor", issuer=authority, hosts=(host,), days=days)
    (folder / "authority.pem").write_text(authority.cert_pem)
    (folder / "vendor.pem").write_text(server.cert_pem)
    key = folder / "vendor.key"
    key.touch(mode=0o600)
    key.write_text(server.key_pem)
