"""Decides what kind of place an API address is: the cloud's own, this machine, or neither."""

import ipaddress
from urllib.parse import urlsplit

CLOUD_DOMAIN = "tencentcloudapi.com"


def is_cloud_endpoint(address: str) -> bool:
    """https on a host of the cloud's, on the usual port: where production may send signed calls."""
    parts = urlsplit(address)
    return parts.scheme == "https" and is_cloud_host(address) and parts.port in {None, 443}


def is_cloud_host(address: str) -> bool:
    """A host under the cloud's own domain, whatever scheme and port: where development may send nothing."""
    host = (urlsplit(address).hostname or "").rstrip(".")
    return f".{host}".endswith(f".{CLOUD_DOMAIN}")


def is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_network(text: str) -> bool:
    """An address or network, of either version."""
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True
