"""The kind of a Japanese sentence, by its question words and how it ends."""

from __future__ import annotations

import re
import unicodedata

from backend.engine.grammar.kind import Kind

_HOW_MUCH = r"(?:どのくらい|どのぐらい|どれくらい|どれぐらい|どれだけ|どれほど)"
_COUNTED = r"(?:人|名|件|台|個|割|点|社|円|万|パーセント|%|倍|箇所|か所|店)"
_QUESTION_WORDS = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        (Kind.FREQUENCY, rf"頻度|何回|何度[^もか]|{_HOW_MUCH}の(?:割合|間隔)"),
        (
            Kind.DURATION,
            rf"いつ(?:頃|ごろ)?から|何(?:年|か月|ヶ月|カ月|日間|週間|時間|分)|{_HOW_MUCH}の?(?:期間|時間|間|前)",
        ),
        (Kind.TIME, r"いつ(?!も|か)|何(?:時|月|日|曜)"),
        (Kind.FIGURE, rf"いくら|いくつ|何{_COUNTED}|{_HOW_MUCH}|段階"),
        (Kind.PERSON, r"誰|だれ|どなた|どちら様|どちらさま"),
        (Kind.CAUSE, r"なぜ|どうして|何で(?!す)|なんで(?!す)|理由|原因"),
        (Kind.CHOICE, r"どちら[がも]|と.*どちら(?!で)|どっち|それとも"),
        (Kind.MANNER, r"どうやって|どのよう|どんな(?:ふう|風)|いかが|どう"),
        (
            Kind.THING,
            r"何(?!か|も|でも|とか)|なに(?!か|も)|なん(?:です|でしょ)|どんな|どういう|どういった|どこ(?!か|も)"
            r"|どちら|どれ|どの(?!よう|く|ぐ)",
        ),
    )
)
_ASKS = re.compile(r"(?:か|かね|かな|かしら|でしょう?|っけ|の)$")
_OFFER = re.compile(
    r"(?<!どうし)ましょうか$|(?:て|で)よろしいでしょうか$"
    r"|て(?:も(?:いい|よい|よろしい|大丈夫|かまわ|構わ))|でも(?:いい|よろしい|大丈夫|かまいません|構いません)"
    r"|(?:させて|せて)(?:もらえ|いただけ|頂け|いただいても|ください|下さい)"
    r"|お(?:伺い|届け|持ち|送り)(?:でき|して)"
)
_REQUEST = re.compile(
    r"(?:て|で)(?:もらえ|もらいたい|いただけ(?!て)|頂け(?!て)|いただき(?:たい|ます)|ください|下さい|くれ|ほしい|欲しい)"
    r"|お願い(?:でき|します|いたします|したい)|(?:教えて|聞かせて)$"
    r"|(?:お|ご)[^はがをに]{1,6}(?:いただけ|ください|願え)|をいただけ"
)
_PROSPECT = re.compile(r"たら|なら|れば|場合|そうですか$|られますか$|いただけますか$")
_EXPERIENCE = re.compile(r"(?:ました|こと[がは]?(?:あり|ござい)ます|でした|った)(?:か|かね|っけ|よね)$")
_CLAIM = re.compile(
    r"^(?:弊社|当社|うち|私ども|わが社|我が社)[のはがもでな]|(?:うち|弊社|当社)[のを]|(?:でき|られ)ます[よね]?$"
)
_PROMISE = re.compile(
    r"(?:(?<!あり)(?<!なり)(?<!かかり)(?<!い)(?<!でき)ますね|て(?:おき|き|み|まいり)ます|(?:いた|致)します|させていただきます|[おご][^はがも]{1,8}します)(?:ので|から)?$"
)
_NOT_A_WORD = re.compile(r"[\W_]+")


def japanese_kind(sentence: str) -> Kind:
    """What ``sentence`` asks for or does."""
    normal = unicodedata.normalize("NFKC", sentence).lower()
    text = _NOT_A_WORD.sub("", normal)
    asks = "?" in normal or _ASKS.search(text) is not None
    if _OFFER.search(text):
        return Kind.OFFER
    requests = _REQUEST.search(text) is not None
    if asks or requests:
        for kind, pattern in _QUESTION_WORDS:
            if pattern.search(text):
                return kind
    if requests:
        return Kind.REQUEST
    if asks:
        return _kind_of_yes_or_no(text)
    if _CLAIM.search(text):
        return Kind.CLAIM
    return Kind.PROMISE if _PROMISE.search(text) else Kind.STATEMENT


def _kind_of_yes_or_no(text: str) -> Kind:
    if _PROSPECT.search(text):
        return Kind.PROSPECT
    return Kind.EXPERIENCE if _EXPERIENCE.search(text) else Kind.WHETHER
