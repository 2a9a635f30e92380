"""How the sandbox says no: the vendor's error codes, with text of its own in two languages."""

TEXTS = {
    "AuthFailure.InvalidAuthorization": ("The Authorization header is malformed: {}.", "Authorization 不合法：{}。"),
    "AuthFailure.SecretIdNotFound": ("The SecretId does not exist.", "密钥不存在。"),
    "AuthFailure.SignatureExpire": ("The signature has expired: the clocks differ too much.", "签名过期。"),
    "AuthFailure.SignatureFailure": ("The signature does not match.", "签名错误。"),
    "AuthFailure.TokenFailure": ("The token is wrong.", "token 错误。"),
    "InternalError": ("An internal error has occurred.", "内部错误。"),
    "InvalidAction": ("The action `{}` does not exist.", "接口 `{}` 不存在。"),
    "InvalidParameter": ("The parameter `{}` is invalid.", "参数 `{}` 错误。"),
    "InvalidParameterValue": ("The value of `{}` is invalid.", "参数 `{}` 取值错误。"),
    "InvalidParameterValue.InvalidFilter": ("The filter `{}` is invalid.", "过滤器 `{}` 无效。"),
    "InvalidParameterValue.InvalidRegisterCodeId": ("`{}` is not a register code id.", "注册码 ID `{}` 无效。"),
    "InvalidParameterValue.InvalidRegisterInstanceId": ("`{}` is not a managed instance.", "托管实例 ID `{}` 无效。"),
    "InvalidParameterValue.ParameterKeyDuplicated": ("`{}` occurs more than once.", "`{}` 重复。"),
    "InvalidParameterValue.TooLarge": ("The value of `{}` is too large.", "参数 `{}` 的值过大。"),
    "InvalidParameterValue.TooLong": ("The value of `{}` is too long.", "参数 `{}` 超过长度限制。"),
    "InvalidParameterValue.TooSmall": ("The value of `{}` is too small.", "参数 `{}` 的值过小。"),
    "InvalidRequest": ("The request is malformed: {}.", "请求格式错误：{}。"),
    "IpNotInWhitelist": (
        "The address {} is outside the code's range.",
        "IP {} 不在注册码允许的范围内。",
    ),
    "LimitExceeded": ("Register code `{}` is used up.", "注册码 `{}` 已用完。"),
    "MissingParameter": ("The required parameter `{}` is missing.", "缺少参数 `{}`。"),
    "NoSuchVersion": ("The version `{}` does not exist.", "接口版本 `{}` 不存在。"),
    "OperationDenied": ("Register code `{}` is disabled or has expired.", "注册码 `{}` 已禁用或已过期。"),
    "RequestLimitExceeded": ("More than the allowed number of requests per second to `{}`.", "`{}` 请求频率超限。"),
    "RequestSizeLimitExceeded": ("The request is larger than 10 MB.", "请求包超过限制大小。"),
    "ResourceNotFound.RegisterCodesNotFoundCode": ("The register code `{}` does not exist.", "注册码 `{}` 不存在。"),
    "ResourceNotFound.RegisterInstanceNotFoundCode": (
        "The instance `{}` does not exist.",
        "实例 `{}` 不存在。",
    ),
    "ResourceUnavailable.InvalidResourceQuotaResourceCode": ("`{}` has no quota.", "配额资源 `{}` 无效。"),
    "ResourceUnavailable.UserHasNoQuotaCode": ("No quota is left for {}.", "{} 配额不足。"),
    "UnauthorizedOperation": ("The value does not belong to register code `{}`.", "注册码 `{}` 校验失败。"),
    "UnknownParameter": ("The parameter `{}` is unknown.", "未知参数 `{}`。"),
    "UnsupportedProtocol": ("Only POST is supported here.", "仅支持 POST。"),
    "UnsupportedRegion": ("The region `{}` is not supported.", "不支持地域 `{}`。"),
}
ANY_OTHER = ("The sandbox was told to answer this error.", "沙箱按脚本返回此错误。")


class ApiError(Exception):
    """One documented error code, and what it is about."""

    def __init__(self, code: str, about: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.about = about

    def message(self, language: str) -> str:
        english, chinese = TEXTS.get(self.code, ANY_OTHER)
        return (chinese if language == "zh-CN" else english).format(self.about)

    def body(self, language: str) -> dict:
        return {"Error": {"Code": self.code, "Message": self.message(language)}}
