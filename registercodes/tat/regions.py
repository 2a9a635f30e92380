"""Names the regions offered by default; never decides which exist (DescribeRegions and TAT_REGIONS do)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# The lists found disagree; these names cover every region on any of them.
NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ap-guangzhou": "Guangzhou",
        "ap-shanghai": "Shanghai",
        "ap-nanjing": "Nanjing",
        "ap-beijing": "Beijing",
        "ap-chengdu": "Chengdu",
        "ap-chongqing": "Chongqing",
        "ap-hongkong": "Hong Kong (China)",
        "ap-singapore": "Singapore",
        "ap-seoul": "Seoul",
        "eu-frankfurt": "Frankfurt",
        "na-siliconvalley": "Silicon Valley",
        "ap-tokyo": "Tokyo",
        "ap-bangkok": "Bangkok",
        "ap-jakarta": "Jakarta",
        "ap-taipei": "Taipei (China)",
        "na-ashburn": "Virginia",
        "sa-saopaulo": "São Paulo",
        "ap-mumbai": "Mumbai",
        "na-toronto": "Toronto",
        "eu-moscow": "Moscow",
        "ap-beijing-fsi": "Beijing Finance",
        "ap-shanghai-fsi": "Shanghai Finance",
        "ap-shenzhen-fsi": "Shenzhen Finance",
    }
)

# On every list, hence safe to offer unasked. Singapore first: the preselected one must suit an international account.
DEFAULT_REGIONS: Final[tuple[str, ...]] = (
    "ap-singapore",
    *(name for name in tuple(NAMES)[:11] if name != "ap-singapore"),
)


def name_of(region: str) -> str:
    """The English name, or the id itself for a region newer than this list."""
    return NAMES.get(region, region)
