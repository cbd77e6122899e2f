"""Texts of the server: what it refuses before the page sees it, uploads, and the login."""

from __future__ import annotations

from utils.messages.text import Text

TEXTS: dict[str, Text] = {
    "page.access.host": Text(
        en="This host name is not served. Open the page by its IP address, or have the admin add the "
        "name to SPLAZMATTE_ALLOWED_HOSTS.",
        zh="不接受该主机名。请用 IP 地址打开页面，或请管理员将其加入 SPLAZMATTE_ALLOWED_HOSTS。",
    ),
    "page.access.header": Text(
        en="The request's {name} header is not usable. Open the page by its address in a browser.",
        zh="请求的 {name} 头无效。请在浏览器中用正确的地址打开页面。",
    ),
    "page.access.origin": Text(
        en="Requests from other sites are refused. If the page itself is behind a proxy, ask the admin to have the proxy "
        "pass the Host header on as it is, with its port.",
        zh="拒绝来自其他网站的请求。如果页面经由反向代理访问，请管理员将代理设为原样转发 Host 头（含端口）。",
    ),
    "page.access.path": Text(
        en="There is nothing at this address. Open the page at /.",
        zh="该地址没有内容。请打开首页 /。",
    ),
    "page.access.starting": Text(
        en="SplazMatte is starting. It answers in a few seconds.",
        zh="SplazMatte 正在启动，几秒后即可使用。",
    ),
    "page.access.login": Text(en="Sign in first, at /.", zh="请先在首页 / 登录。"),
    "page.access.busy": Text(
        en="This computer has {limit} requests open, which is the limit. Close some tabs, then reload.",
        zh="本机同时打开的请求已达上限 {limit}。请关闭一些标签页后刷新。",
    ),
    "page.access.body": Text(
        en="The request is larger than {limit}, which is the limit here.",
        zh="请求内容超过此处的上限 {limit}。",
    ),
    "page.rest.missing": Text(en="{name} is missing.", zh="缺少 {name}。"),
    "page.rest.unknown": Text(
        en="{name} is not known here; /openapi.json lists what is.",
        zh="此处没有 {name}；可用的参数见 /openapi.json。",
    ),
    "page.rest.list": Text(en="{name} takes a list.", zh="{name} 应为列表。"),
    "page.rest.text": Text(en="{name} takes a text.", zh="{name} 应为文字。"),
    "page.rest.whole": Text(en="{name} takes a whole number.", zh="{name} 应为整数。"),
    "page.rest.number": Text(en="{name} takes a number.", zh="{name} 应为数字。"),
    "page.rest.flag": Text(en="{name} takes true or false.", zh="{name} 应为 true 或 false。"),
    "page.rest.other": Text(
        en="{name} has a value that is not allowed; /openapi.json says what is.",
        zh="{name} 的值无效；可用的值见 /openapi.json。",
    ),
    "page.access.json": Text(
        en="The request can't be read, or names a file that was not uploaded. Programs send JSON as /openapi.json "
        "describes it; on the page, reload and upload the file again.",
        zh="请求无法读取，或引用了未上传的文件。程序应按 /openapi.json 发送 JSON；在页面上请刷新并重新上传。",
    ),
    "page.upload.form": Text(
        en="This is not an upload of a file. Send one file as a multipart form.",
        zh="这不是文件上传。请以 multipart 表单发送一个文件。",
    ),
    "page.upload.several": Text(
        en="The form has more than one file. Send one file in each form.",
        zh="表单中有多个文件。每个表单请只发送一个文件。",
    ),
    "server.port_taken": Text(
        en="Stop the program that uses the port (perhaps SplazMatte itself), or choose another one by --port or "
        "SPLAZMATTE_PORT",
        zh="请停止占用该端口的程序（可能就是正在运行的 SplazMatte），或用 --port 或 SPLAZMATTE_PORT 指定其他端口",
    ),
    "server.port_denied": Text(
        en="Choose a port above 1023 by --port or SPLAZMATTE_PORT: lower ones need the rights of root",
        zh="请用 --port 或 SPLAZMATTE_PORT 指定大于 1023 的端口：更小的端口需要 root 权限",
    ),
    "server.address_foreign": Text(
        en="The address is not this machine's: choose 127.0.0.1, 0.0.0.0 for the LAN, or one of its own by --host or "
        "SPLAZMATTE_HOST",
        zh="该地址不属于本机：请用 --host 或 SPLAZMATTE_HOST 指定 127.0.0.1、供局域网访问的 0.0.0.0，或本机的其他地址",
    ),
    "page.upload.budget": Text(
        en="This computer uploaded {limit} within an hour, which is the limit. Try again later.",
        zh="本机一小时内的上传量已达上限 {limit}，请稍后再试。",
    ),
    "page.upload.removed": Text(
        en="The server's folder for this upload was removed while it arrived. Upload the file again.",
        zh="服务器上存放此次上传的文件夹在传输过程中被删除，请重新上传。",
    ),
    "page.upload.too_large": Text(
        en="The upload is larger than {limit}. Send a shorter or smaller clip.",
        zh="上传的文件超过 {limit}。请上传更短或更小的视频。",
    ),
    "page.media.none": Text(
        en="There is no such file: it is not finished yet, or was not asked for.",
        zh="没有该文件：尚未生成，或未选择输出。",
    ),
    "page.media.busy": Text(
        en="Too many pictures are being asked for at once. Try again in a few seconds.",
        zh="同时请求的画面过多，请几秒后重试。",
    ),
    "page.login": Text(
        en="Ask the admin for the name and password.", zh="用户名和密码请向管理员索取。"
    ),
    "page.login.name": Text(en="Name", zh="用户名"),
    "page.login.password": Text(en="Password", zh="密码"),
    "page.login.sign_in": Text(en="Sign in", zh="登录"),
    "page.login.wrong": Text(en="The name or the password is wrong.", zh="用户名或密码错误。"),
    "page.login.locked": Text(
        en="Too many wrong passwords. Try again in {seconds:duration}.",
        zh="密码错误次数过多，请在 {seconds:时长}后重试。",
    ),
    "page.users_file": Text(
        en="The users file {path} can't be read ({reason}). Make it with scripts/add_user.py and give it to the user "
        "that the program runs as, or unset SPLAZMATTE_USERS_FILE.",
        zh="无法读取用户文件 {path}（{reason}）。请用 scripts/add_user.py 创建，并交给运行本程序的用户，"
        "或取消 SPLAZMATTE_USERS_FILE。",
    ),
    "page.users_line": Text(
        en="Line {line} of the users file {path} is not usable. Write it with scripts/add_user.py.",
        zh="用户文件 {path} 的第 {line} 行无效。请用 scripts/add_user.py 写入。",
    ),
    "page.users_name": Text(
        en="“{name}” can't be a user's name. Use up to 60 letters and digits of any script, and . _ @ -",
        zh="“{name}”不能作为用户名。请使用最多 60 个任意文字的字母或汉字、数字及 . _ @ -",
    ),
}
