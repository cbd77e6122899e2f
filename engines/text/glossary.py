"""A small Chinese-English glossary with the grammar of noun phrases; no model, no files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

_Kind: TypeAlias = Literal["noun", "adjective", "verb", "of", "filler"]

_NOUNS = """
人 person|人物 person|行人 pedestrian|男人 man|男子 man|男士 man|女人 woman|女子 woman|女士 woman|男孩 boy|女孩 girl
小孩 child|孩子 child|儿童 child|婴儿 baby|宝宝 baby|老人 elderly person|老师 teacher|学生 student|医生 doctor
警察 police officer|运动员 athlete|舞者 dancer|歌手 singer|主持人 host|演员 actor|模特 model|新娘 bride|新郎 groom
司机 driver|骑手 rider|骑士 rider|士兵 soldier|工人 worker|厨师 chef|人群 crowd|观众 audience|球员 player|冲浪者 surfer
头 head|头部 head|脸 face|头发 hair|眼睛 eye|眼镜 glasses|墨镜 sunglasses|帽子 hat|头盔 helmet|口罩 mask|手 hand|胳膊 arm
手臂 arm|腿 leg|脚 foot|身体 body|胡子 beard|衣服 clothes|上衣 top|衬衫 shirt|毛衣 sweater|外套 jacket|夹克 jacket|大衣 coat
西装 suit|裙子 dress|连衣裙 dress|短裙 skirt|裤子 trousers|牛仔裤 jeans|短裤 shorts|鞋 shoe|鞋子 shoes|手套 gloves|围巾 scarf
领带 tie|包 bag|背包 backpack|书包 backpack|手提包 handbag|行李箱 suitcase|雨伞 umbrella|伞 umbrella|手表 watch|戒指 ring
项链 necklace|耳环 earring|动物 animal|狗 dog|小狗 puppy|猫 cat|小猫 kitten|马 horse|牛 cow|羊 sheep|山羊 goat|猪 pig|鸡 chicken
鸭子 duck|鸟 bird|天鹅 swan|鱼 fish|兔子 rabbit|老虎 tiger|狮子 lion|大象 elephant|猴子 monkey|熊 bear|熊猫 panda|骆驼 camel
狐猴 lemur|狼 wolf|狐狸 fox|鹿 deer|蝴蝶 butterfly|蛇 snake|乌龟 turtle|车 car|汽车 car|轿车 car|卡车 truck|货车 truck
公交车 bus|巴士 bus|出租车 taxi|自行车 bicycle|单车 bicycle|摩托车 motorcycle|电动车 electric scooter|滑板车 scooter|火车 train
地铁 subway train|飞机 airplane|直升机 helicopter|无人机 drone|船 boat|轮船 ship|帆船 sailboat|轮子 wheel|轮胎 tire|滑板 skateboard
冲浪板 surfboard|滑雪板 ski|球 ball|足球 soccer ball|篮球 basketball|网球 tennis ball|网球拍 tennis racket|球拍 racket|风筝 kite
吉他 guitar|钢琴 piano|小提琴 violin|麦克风 microphone|话筒 microphone|手机 phone|电话 phone|电脑 computer|笔记本电脑 laptop
键盘 keyboard|鼠标 computer mouse|屏幕 screen|电视 television|相机 camera|机器人 robot|玩具 toy|书 book|笔 pen|纸 paper
杯子 cup|瓶子 bottle|水杯 cup|碗 bowl|盘子 plate|筷子 chopsticks|刀 knife|叉子 fork|勺子 spoon|食物 food|水果 fruit|苹果 apple
香蕉 banana|橙子 orange|蛋糕 cake|面包 bread|桌子 table|椅子 chair|沙发 sofa|床 bed|灯 lamp|门 door|窗户 window|窗 window|镜子 mirror
盒子 box|箱子 box|气球 balloon|花 flower|花朵 flower|树 tree|树木 tree|草 grass|草地 grass|叶子 leaf|植物 plant|房子 house
建筑 building|大楼 building|桥 bridge|道路 road|路 road|天空 sky|云 cloud|太阳 sun|月亮 moon|山 mountain|河 river|水 water|海 sea
大海 sea|沙滩 beach|石头 rock|墙 wall|地板 floor|招牌 sign|路牌 road sign|红绿灯 traffic light|旗帜 flag|旗子 flag|雕像 statue
"""
_ADJECTIVES = """
红 red|红色 red|大红 red|蓝 blue|蓝色 blue|绿 green|绿色 green|黄 yellow|黄色 yellow|白 white|白色 white|黑 black|黑色 black
灰 gray|灰色 gray|紫 purple|紫色 purple|粉 pink|粉色 pink|粉红色 pink|橙色 orange|棕色 brown|褐色 brown|金色 golden|银色 silver
深蓝色 dark blue|浅蓝色 light blue|彩色 colorful|透明 transparent|大 large|小 small|高 tall|矮 short|胖 fat|瘦 thin|长 long|短 short
新 new|旧 old|老 old|年轻 young|圆 round|方 square|金发 blonde|长发 long-haired|短发 short-haired|木 wooden|木头 wooden
金属 metal|玻璃 glass|塑料 plastic|皮 leather|条纹 striped|格子 plaid
"""
_VERBS = """
穿 in|穿着 in|身穿 in|戴 wearing|戴着 wearing|头戴 wearing|拿 holding|拿着 holding|手持 holding|举着 holding|抱 holding|抱着 holding
骑 riding|骑着 riding|背 carrying|背着 carrying|提着 carrying|推着 pushing|牵着 leading|开 driving|开着 driving
跑步 running|奔跑 running|走路 walking|行走 walking|跳舞 dancing|唱歌 singing|坐着 sitting|站着 standing|躺着 lying|跳跃 jumping
"""
_WITHOUT_OBJECT = frozenset(
    {"running", "walking", "dancing", "singing", "sitting", "standing", "lying", "jumping"}
)
_FILLERS = (
    "这个",
    "那个",
    "这只",
    "那只",
    "一个",
    "一只",
    "一辆",
    "一位",
    "一名",
    "一条",
    "所有",
    "全部",
    "正在",
    "一件",
)
_LONGEST = 5


@dataclass(frozen=True, slots=True)
class _Word:
    kind: _Kind
    english: str


def translate_with_glossary(phrase: str) -> str:
    """Return the English of a Chinese noun phrase, "" where a word or the grammar is unknown.

    Understood are a noun with adjectives before it, and "verb object 的 noun":
    红色的车 is "red car", 穿红衣服的人 "person in red clothes", 跑步的狗 "dog running".
    """
    words = _split("".join(phrase.split()).strip("。.，,！!"))
    return _noun_phrase(words) if words else ""


def _dictionary() -> dict[str, _Word]:
    words: dict[str, _Word] = {"的": _Word("of", "")}
    kinds: tuple[tuple[_Kind, str], ...] = (
        ("noun", _NOUNS),
        ("adjective", _ADJECTIVES),
        ("verb", _VERBS),
    )
    for kind, listing in kinds:
        for entry in listing.replace("\n", "|").split("|"):
            chinese, _, english = entry.strip().partition(" ")
            if chinese:
                words[chinese] = _Word(kind, english)
    words.update({filler: _Word("filler", "") for filler in _FILLERS})
    return words


def _split(text: str) -> list[_Word]:
    """Return the words by longest match, fillers left out; empty where one is unknown."""
    dictionary = _dictionary()
    words: list[_Word] = []
    place = 0
    while place < len(text):
        for length in range(min(_LONGEST, len(text) - place), 0, -1):
            word = dictionary.get(text[place : place + length])
            if word is not None:
                words.append(word)
                place += length
                break
        else:
            return []
    return [word for word in words if word.kind != "filler"]


def _noun_phrase(words: list[_Word]) -> str:
    """Return "adjectives noun clauses": the last word must be the noun that is meant."""
    if not words or words[-1].kind != "noun":
        return ""
    modifiers = _modifiers(words[:-1])
    if modifiers is None:
        return ""
    adjectives, clauses = modifiers
    return " ".join([*adjectives, words[-1].english, *clauses])


def _modifiers(words: list[_Word]) -> tuple[list[str], list[str]] | None:
    """Return adjectives and clauses, the shortest reading that works out; None where none does."""
    if not words:
        return [], []
    if words[0].kind == "adjective":
        after = 2 if len(words) > 1 and words[1].kind == "of" else 1
        rest = _modifiers(words[after:])
        return ([words[0].english, *rest[0]], rest[1]) if rest else None
    if words[0].kind != "verb":
        return None
    for end in range(1, len(words)):
        if words[end].kind not in ("of", "verb"):
            continue
        clause = _clause(words[0].english, words[1:end])
        rest = _modifiers(words[end + (words[end].kind == "of") :]) if clause else None
        if rest:
            return rest[0], [clause, *rest[1]]
    return None


def _clause(verb: str, words: list[_Word]) -> str:
    """Return "verb" or "verb a thing"; empty where the words are no object of the verb."""
    if verb in _WITHOUT_OBJECT:
        return "" if words else verb
    thing = _noun_phrase(words)
    if not thing:
        return ""
    if thing.endswith("s"):
        return f"{verb} {thing}"
    return f"{verb} {'an' if thing[0] in 'aeiou' else 'a'} {thing}"
