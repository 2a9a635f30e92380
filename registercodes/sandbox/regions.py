"""Which regions the sandbox has, and that each has a state of its own."""

from registercodes.sandbox.errors import ApiError

AVAILABLE = {
    "ap-guangzhou": "Guangzhou",
    "ap-shanghai": "Shanghai",
    "ap-nanjing": "Nanjing",
    "ap-beijing": "Beijing",
    "ap-chengdu": "Chengdu",
    "ap-chongqing": "Chongqing",
    "ap-hongkong": "Hong Kong (China)",
    "ap-singapore": "Singapore",
    "ap-seoul": "Seoul",
    "ap-tokyo": "Tokyo",
    "ap-bangkok": "Bangkok",
    "ap-jakarta": "Jakarta",
    "ap-taipei": "Taipei (China)",
    "eu-frankfurt": "Frankfurt",
    "na-siliconvalley": "Silicon Valley",
    "na-ashburn": "Virginia",
    "sa-saopaulo": "São Paulo",
}
UNAVAILABLE = {"ap-mumbai": "Mumbai", "na-toronto": "Toronto"}  # listed, but nothing can be asked of them


def listed() -> list[dict]:
    return [_row(region, name, "AVAILABLE") for region, name in AVAILABLE.items()] + [
        _row(region, name, "UNAVAILABLE") for region, name in UNAVAILABLE.items()
    ]


def _row(region: str, name: str, state: str) -> dict:
    return {"Region": region, "RegionName": name, "RegionState": state}


def require(region: str) -> str:
    if not region:
        raise ApiError("MissingParameter", "Region")
    if region not in AVAILABLE:
        raise ApiError("UnsupportedRegion", region)
    return region
