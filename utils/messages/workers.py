"""Texts about worker processes, their store and their broker."""

from __future__ import annotations

from utils.messages.text import Text

TEXTS: dict[str, Text] = {
    "worker.none": Text(
        en="No worker is running that has the engine “{engine}”, so nothing would do this job. Start one "
        "(bash scripts/start_worker.sh), or choose another engine.",
        zh="当前没有运行中的工作进程可使用引擎“{engine}”，任务无法执行。请启动工作进程（bash scripts/start_worker.sh），或改选其他引擎。",
    ),
    "worker.no_encoder": Text(
        en="No running worker that has the engine “{engine}” has an FFmpeg that can write these files: {kinds}. Leave them "
        "out, or give the worker another FFmpeg (SPLAZMATTE_FFMPEG_PATH there; without it the one from pip) and start it "
        "again.",
        zh="具备引擎“{engine}”的运行中工作进程，其 FFmpeg 均无法写入以下文件：{kinds:、}。请取消这些文件，或为工作进程更换 FFmpeg（在其机器上设置 SPLAZMATTE_FFMPEG_PATH；不设置则使用 pip 安装的版本）并重新启动。",
    ),
    "worker.too_small": Text(
        en="This job needs about {needed_mb} MB of memory with the engine “{engine}”; the largest worker that has it "
        "({worker}) has {has_mb} MB. Crop the clip or scale it down and upload it again, choose another engine, or start a "
        "worker with more memory.",
        zh="该任务使用引擎“{engine}”约需 {needed_mb} MB 内存（显存），具备该引擎的最大工作进程（{worker}）仅有 {has_mb} MB。请裁剪或缩小视频后重新上传、改选其他引擎，或启动内存更大的工作进程。",
    ),
    "worker.died": Text(
        en="{workers} workers died while they did this job, one after the other, so it was given up. The "
        "clip may need more memory than they have: try a shorter range or another engine, and tell the admin.",
        zh="先后有 {workers} 个工作进程在执行该任务时终止，任务已放弃。视频可能超出其内存：请缩短范围或改用其他引擎，并告知管理员。",
    ),
    "worker.started_again": Text(
        en="A worker that did this job died, and another one started it again.",
        zh="执行该任务的一个工作进程终止，已由另一个重新开始。",
    ),
    "job.stage.worker": Text(en="Waiting for a worker", zh="等待工作进程"),
    "worker.store_gone": Text(
        en="The store of jobs ({store}) can't be reached. Running jobs go on; this page shows them again when "
        "it is back.",
        zh="无法连接任务存储（{store}）。正在运行的任务会继续，恢复连接后页面将重新显示进度。",
    ),
    "worker.store_refuses": Text(
        en="The store of jobs ({store}) refuses the user or the password. Correct them in SPLAZMATTE_BROKER: "
        "redis://:PASSWORD@HOST:6379/0, with %40, %2F, %3A and %23 for @, /, : and # in the password.",
        zh="任务存储（{store}）拒绝该用户名或密码。请在 SPLAZMATTE_BROKER 中更正：redis://:PASSWORD@HOST:6379/0，"
        "密码中的 @、/、: 和 # 写作 %40、%2F、%3A 和 %23。",
    ),
    "worker.packages": Text(
        en="Workers on several machines need packages that are not installed; get them with: "
        "bash scripts/setup_env.sh --workers",
        zh="多机工作进程所需的软件包尚未安装，安装命令：bash scripts/setup_env.sh --workers",
    ),
    "worker.evicts": Text(
        en="The store of jobs ({store}) may throw records away when its memory is full (maxmemory-policy "
        "{policy}). Set maxmemory-policy noeviction in its configuration.",
        zh="任务存储（{store}）在内存不足时可能丢弃记录（maxmemory-policy {policy}）。请在其配置中设置 maxmemory-policy noeviction。",
    ),
    "worker.visibility": Text(
        en="The broker ({store}) would give a running job's message to another worker after {seconds:duration}; it must be {needed:duration}. "
        "The installed kombu does not take the setting: install requirements-workers.txt.",
        zh="消息服务（{store}）会在 {seconds:时长}后把运行中任务的消息交给其他工作进程，应为 {needed:时长}。已安装的 kombu 未采用该设置：请安装 requirements-workers.txt。",
    ),
    "worker.address": Text(
        en="The broker's address ({store}) has something after “?” that Redis clients don't know. Leave it out; with TLS, "
        "ssl_cert_reqs=required is allowed there.",
        zh="消息服务地址（{store}）的“?”之后含有 Redis 客户端无法识别的内容。请删除；使用 TLS 时可写 ssl_cert_reqs=required。",
    ),
    "worker.no_broker": Text(
        en="A worker of its own needs a broker: --broker redis://host:6379/0, or SPLAZMATTE_BROKER. Workers of "
        "the page's own machine are started by SPLAZMATTE_WORKERS.",
        zh="独立的工作进程需要消息服务：--broker redis://主机:6379/0，或设置 SPLAZMATTE_BROKER。页面本机的工作进程由 SPLAZMATTE_WORKERS 启动。",
    ),
    "worker.result_missing": Text(
        en="What the worker made is no longer there: something else removed it. Start the job again.",
        zh="工作进程生成的结果已不存在，可能被他人删除。请重新开始任务。",
    ),
    "objects.gone": Text(
        en="The object store ({store}) can't be reached. Jobs wait for it and go on when it is back.",
        zh="无法连接对象存储（{store}）。任务会等待，恢复连接后继续。",
    ),
    "objects.refused": Text(
        en="The object store ({store}) refuses the access keys (SPLAZMATTE_OBJECT_ACCESS_KEY and _SECRET_KEY). They "
        "need to read, write, list and delete in this bucket.",
        zh="对象存储（{store}）拒绝了访问密钥（SPLAZMATTE_OBJECT_ACCESS_KEY 和 _SECRET_KEY）。密钥需要该存储桶的读取、写入、列出和删除权限。",
    ),
    "objects.no_bucket": Text(
        en="The object store ({store}) has no such bucket. Make it, or correct SPLAZMATTE_OBJECT_BUCKET.",
        zh="对象存储（{store}）中没有该存储桶。请创建，或更正 SPLAZMATTE_OBJECT_BUCKET。",
    ),
    "objects.clock": Text(
        en="The object store ({store}) refuses requests, as the clock of this machine is wrong by more than a few "
        "minutes. Set it by NTP.",
        zh="对象存储（{store}）拒绝请求：本机时钟偏差超过数分钟。请用 NTP 校准时间。",
    ),
    "objects.full": Text(
        en="The object store ({store}) is full, or its quota is reached. Delete sessions or raise the quota.",
        zh="对象存储（{store}）已满或达到配额。请删除会话或提高配额。",
    ),
    "objects.missing": Text(
        en="Files of this job are not in the object store ({store}) any more. Start the job again; a lifecycle rule "
        "of the bucket may delete too early.",
        zh="该任务的文件已不在对象存储（{store}）中。请重新开始任务；存储桶的生命周期规则可能删除过早。",
    ),
    "objects.no_keys": Text(
        en="The object store needs access keys: set {access} and {secret} in the environment, or in {file} (lines "
        "NAME=VALUE, mode 600).",
        zh="对象存储需要访问密钥：请在环境变量或 {file}（每行 名称=值，权限 600）中设置 {access} 和 {secret}。",
    ),
    "objects.no_broker": Text(
        en="An object store (SPLAZMATTE_OBJECT_ENDPOINT) is for workers on other machines, which need a broker as "
        "well: set SPLAZMATTE_BROKER.",
        zh="对象存储（SPLAZMATTE_OBJECT_ENDPOINT）供其他机器上的工作进程使用，还需要消息服务：请设置 SPLAZMATTE_BROKER。",
    ),
    "objects.other_workspace": Text(
        en="The objects under this prefix of {store} belong to another installation, which would delete ours as "
        "leftovers. Set another SPLAZMATTE_OBJECT_PREFIX, or delete them if that installation is gone.",
        zh="{store} 中该前缀下的对象属于另一套安装，它会把本安装的对象当作残留删除。请另设 SPLAZMATTE_OBJECT_PREFIX；若那套安装已停用，可删除这些对象。",
    ),
    "objects.unused": Text(
        en="No page has used the object store ({store}) under this prefix yet. Start the page with the same "
        "SPLAZMATTE_OBJECT_… settings first.",
        zh="尚无页面使用该前缀下的对象存储（{store}）。请先用相同的 SPLAZMATTE_OBJECT_… 设置启动页面。",
    ),
    "worker.disk": Text(en="On the worker “{worker}”: {reason}", zh="工作进程“{worker}”：{reason}"),
    "worker.prompt_died": Text(
        en="{workers} worker processes ended while they looked for the target, so it was given up. The card may be out of "
        "memory; tell the admin.",
        zh="先后有 {workers} 个工作进程在选取目标时终止，已放弃。显卡显存可能不足，请告知管理员。",
    ),
    "worker.version": Text(
        en="This worker has version {own} of the jobs' format, the page has {page}. Install the same "
        "SplazMatte on both.",
        zh="该工作进程的任务格式版本为 {own}，页面为 {page}。请在两端安装相同版本的 SplazMatte。",
    ),
}
