"""Texts about services that a clip is sent to."""

from __future__ import annotations

from utils.messages.text import Text

_NOT_BILLED = "Nothing was accepted, so nothing should be billed."
_NOT_BILLED_ZH = "任务未被接受，不应产生费用。"

TEXTS: dict[str, Text] = {
    "remote.label": Text(en="{service} (remote)", zh="{service}（远程）"),
    "remote.description": Text(
        en="Sends the clip off this machine, to {service} ({host}); {price}. With a mark only the marked target is kept.",
        zh="会把视频发送到外部：{service}（{host}）；{price}。有标记时只保留所选目标。",
    ),
    "remote.price_unstated": Text(
        en="its price is for the administrator to state", zh="价格待管理员填写"
    ),
    "remote.price_second": Text(
        en="USD {usd} a second of video sent", zh="每发送一秒视频 {usd} 美元"
    ),
    "remote.price_picture": Text(en="USD {usd} a frame sent", zh="每发送一帧 {usd} 美元"),
    "remote.price_job": Text(en="USD {usd} a clip", zh="每段视频 {usd} 美元"),
    "remote.elsewhere": Text(en="Runs outside this machine.", zh="在本机之外运行。"),
    "remote.before": Text(
        en="The clip leaves this machine: {frames:frame goes|frames go} to {service} ({host}), for about USD {usd}.",
        zh="视频将离开本地：{frames} 帧会发送到 {service}（{host}），预计 {usd} 美元。",
    ),
    "remote.before_beyond": Text(en="{before} {problem}", zh="{before}{problem}"),
    "remote.sent": Text(
        en="The clip went to {service} and cost about USD {usd}.",
        zh="视频已发送到 {service}，费用约 {usd} 美元。",
    ),
    "remote.kept": Text(
        en="{service} had matted these frames before, and its result was kept; nothing was sent.",
        zh="{service} 对这些帧的结果仍保留在本地，未再次发送。",
    ),
    "remote.spending": Text(
        en="Spent on it: USD {day} today, {month} this month; on all services {all_day} of {day_limit} today, "
        "{all_month} of {month_limit} this month.",
        zh="该服务费用：今日 {day} 美元，本月 {month} 美元；所有服务今日 {all_day} / {day_limit} 美元，本月 {all_month} / {month_limit} 美元。",
    ),
    "remote.examined": Text(
        en="{service} takes the key; it reports: {credit}. No clip was sent.",
        zh="{service} 接受密钥；返回：{credit}。未发送任何视频。",
    ),
    "remote.examined_key": Text(
        en="The key for {service} is there; the service has no address that checks one. No clip was sent.",
        zh="已有 {service} 的密钥；该服务没有可检查密钥的地址。未发送任何视频。",
    ),
    "remote.requirement_key": Text(
        en="the key {key} of an account at {service}", zh="{service} 账户的密钥 {key}"
    ),
    "remote.requirement_base": Text(en="the address of the {service}", zh="{service} 的地址"),
    "remote.requirement_price": Text(
        en="what your plan at {service} costs a unit, in USD",
        zh="您在 {service} 的套餐单价（美元）",
    ),
    "remote.file_open": Text(
        en="the file of keys {file}, which others than its owner can read or change,",
        zh="仅所有者可读写的密钥文件 {file}（目前他人可读写）",
    ),
    "remote.budget_day": Text(
        en="Today's budget for services is USD {limit}: {spent} are spent, and this job would take about {usd}. "
        "Start it tomorrow, send fewer frames, choose an engine of this machine, or ask the administrator "
        "(SPLAZMATTE_REMOTE_BUDGET_DAY_USD).",
        zh="今日外部服务预算为 {limit} 美元，已用 {spent}，本任务约需 {usd}。请明天再试、减少发送的帧、改用本机引擎，或联系管理员"
        "（SPLAZMATTE_REMOTE_BUDGET_DAY_USD）。",
    ),
    "remote.budget_month": Text(
        en="This month's budget for services is USD {limit}: {spent} are spent, and this job would take about {usd}. "
        "Send fewer frames, choose an engine of this machine, or ask the administrator "
        "(SPLAZMATTE_REMOTE_BUDGET_MONTH_USD).",
        zh="本月外部服务预算为 {limit} 美元，已用 {spent}，本任务约需 {usd}。请减少发送的帧、改用本机引擎，或联系管理员"
        "（SPLAZMATTE_REMOTE_BUDGET_MONTH_USD）。",
    ),
    "remote.too_long": Text(
        en="{service} takes at most {limit:duration}, this would be {seconds:duration}. Choose a shorter range, or another engine.",
        zh="{service} 最多接受 {limit:时长}，本次为 {seconds:时长}。请选择更短的范围或其他引擎。",
    ),
    "remote.too_large": Text(
        en="What would be sent is too large for {service}. Send it smaller (long_side), or choose another engine. "
        + _NOT_BILLED,
        zh="要发送的文件超出 {service} 的上限。请缩小尺寸（long_side）或更换引擎。"
        + _NOT_BILLED_ZH,
    ),
    "remote.bad_key": Text(
        en="{service} does not take the key. Ask the administrator to check it. " + _NOT_BILLED,
        zh="{service} 不接受该密钥，请管理员检查。" + _NOT_BILLED_ZH,
    ),
    "remote.no_credit": Text(
        en="The account at {service} has no credit left. Ask the administrator to top it up, or choose another engine. "
        + _NOT_BILLED,
        zh="{service} 账户余额不足。请管理员充值，或更换引擎。" + _NOT_BILLED_ZH,
    ),
    "remote.refused": Text(
        en="{service} refused the job ({reason}). Choose another engine, or tell the administrator. "
        + _NOT_BILLED,
        zh="{service} 拒绝了该任务（{reason}）。请更换引擎或联系管理员。" + _NOT_BILLED_ZH,
    ),
    "remote.busy": Text(
        en="{service} is too busy. Start again later: a job that was accepted is looked up again, not sent again.",
        zh="{service} 过于繁忙。请稍后重新开始：已被接受的任务只会继续查询，不会重复发送。",
    ),
    "remote.unreachable": Text(
        en="{service} can't be reached. Check the network and start again: a job that was accepted is looked up "
        "again, not sent again.",
        zh="无法连接 {service}。请检查网络后重新开始：已被接受的任务只会继续查询，不会重复发送。",
    ),
    "remote.service_failed": Text(
        en="{service} had an internal error. The job may have been accepted and billed: look at the account there "
        "before you start again.",
        zh="{service} 内部出错。任务可能已被接受并计费：重新开始前请先查看该账户。",
    ),
    "remote.answer_lost": Text(
        en="The connection to {service} broke after the clip was sent. The job may have been accepted and billed, so "
        "it was not sent again: look at the account there before you start again.",
        zh="发送视频后与 {service} 的连接中断。任务可能已被接受并计费，因此没有重复发送：重新开始前请先查看该账户。",
    ),
    "remote.lost_before": Text(
        en="An earlier job of this clip was being sent to {service} when the program ended. It may have been accepted "
        "and billed: look at the account there. Starting once more sends the clip again.",
        zh="程序上次退出时正在向 {service} 发送该视频。任务可能已被接受并计费，请查看该账户。再次开始将重新发送。",
    ),
    "remote.gone": Text(
        en="{service} no longer has the job or its result: results are kept for a while only. Starting again sends "
        "the clip once more, at its price.",
        zh="{service} 已不再保留该任务或其结果（结果只保留一段时间）。重新开始会再次发送并计费。",
    ),
    "remote.job_failed": Text(
        en="{service} could not do the job ({reason}). Choose another engine, or start again.",
        zh="{service} 未能完成任务（{reason}）。请更换引擎或重新开始。",
    ),
    "remote.deadline": Text(
        en="{service} was not done after {minutes} minutes. Start again to go on waiting: the clip is not sent again.",
        zh="{service} 在 {minutes} 分钟后仍未完成。重新开始可继续等待，不会重复发送视频。",
    ),
    "remote.slow": Text(
        en="The result of {service} did not arrive within {limit:duration}. Start again: it is fetched once more, the clip is "
        "not sent again.",
        zh="{service} 的结果未能在 {limit:时长}内传完。请重新开始：只会再次下载结果，不会重复发送视频。",
    ),
    "remote.result_too_large": Text(
        en="The result of {service} is larger than {limit_mb} MB (SPLAZMATTE_REMOTE_RESULT_BYTES).",
        zh="{service} 的结果超过 {limit_mb} MB（SPLAZMATTE_REMOTE_RESULT_BYTES）。",
    ),
    "remote.wrong_type": Text(
        en="{service} gave a result of the type “{kind}”, not a video or picture. Start again later: the clip is not "
        "sent again.",
        zh="{service} 返回的结果类型为“{kind}”，不是视频或图片。请稍后重新开始，不会重复发送视频。",
    ),
    "remote.damaged": Text(
        en="The result of {service} can't be read ({reason}) Start again later: it is fetched once more, the clip is not "
        "sent again.",
        zh="无法读取 {service} 的结果（{reason}）。请稍后重新开始：只会再次下载结果，不会重复发送视频。",
    ),
    "remote.bad_zip": Text(en="The ZIP is damaged.", zh="ZIP 已损坏。"),
    "remote.bad_picture": Text(
        en="The picture that came back is not a PNG, or is damaged.",
        zh="返回的图片不是 PNG 或已损坏。",
    ),
    "remote.not_understood": Text(
        en="The answer of {service} is not as its documentation says. If a clip was sent, it may have been billed: "
        "look at the account there, and tell the administrator.",
        zh="{service} 的应答与其文档不符。如已发送视频，可能已计费：请查看该账户并联系管理员。",
    ),
    "remote.private_address": Text(
        en="{service} pointed to {host}, which is not a public address over HTTPS; it was not followed.",
        zh="{service} 指向 {host}，该地址不是 HTTPS 公网地址，已拒绝访问。",
    ),
    "remote.redirects": Text(
        en="{service} redirected more than {limit} times. Start again later: the clip is not sent again.",
        zh="{service} 重定向超过 {limit} 次。请稍后重新开始，不会重复发送视频。",
    ),
    "remote.frame_count": Text(
        en="{service} returned {got:frame|frames} at {got_fps} frames a second for {sent} at {sent_fps}; they can't "
        "be matched to each other. Choose another engine.",
        zh="{service} 返回 {got} 帧（每秒 {got_fps} 帧），而发送的是 {sent} 帧（每秒 {sent_fps} 帧），无法对应。请更换引擎。",
    ),
    "remote.shape": Text(
        en="{service} returned a picture of {width}x{height} for {sent_width}x{sent_height}, another shape. Choose "
        "another engine.",
        zh="{service} 返回的画面为 {width}x{height}，与发送的 {sent_width}x{sent_height} 比例不同。请更换引擎。",
    ),
    "remote.no_transparency": Text(
        en="{service} returned a video without transparency. Choose another engine, or tell the administrator.",
        zh="{service} 返回的视频没有 Alpha 通道。请更换引擎或联系管理员。",
    ),
    "remote.fitted_end": Text(
        en="{service} returned {got:frame|frames} for {sent}; the end was adjusted.",
        zh="{service} 返回 {got} 帧（发送 {sent} 帧），已对齐结尾。",
    ),
    "remote.fitted_rate": Text(
        en="{service} returned {got:frame|frames} at {got_fps} frames a second for {sent} at {sent_fps}; they were "
        "matched by time. Check fast motion.",
        zh="{service} 返回 {got} 帧（每秒 {got_fps} 帧），发送为 {sent} 帧（每秒 {sent_fps} 帧），已按时间对齐。请检查快速运动处。",
    ),
}
