"""Whether what has been said so far is a whole sentence: for ``semantic_vad``. Pure.

An approximation from the last words alone; the real service judges with a model.
"""

from __future__ import annotations

import re

_TRAILING_OFF = re.compile(r"(\.\.\.|…|、|,|-|―|ー—)\s*$")
_JAPANESE_END = re.compile(
    r"(です|ます|ました|ません|でした|ましょう|でしょう|ください|下さい|ですか|ますか|か|ね|よ|よね|した|"
    r"たい|ない|だ|はい|いいえ|ええ|お願い|ありがとう|こんにちは|さようなら)$"
)
_JAPANESE_GOES_ON = re.compile(
    r"(は|が|を|に|へ|と|で|も|の|や|から|まで|より|けど|けれど|けれども|ので|のに|ですが|ますが|て|って|"
    r"たら|なら|れば|し|えーと|ええと|えっと|あの|その|まあ|つまり|例えば|たとえば|それで|そして|また)$"
)
_ENGLISH_GOES_ON = frozenset(
    "a an the and or but so because if when while that which who of to in on at for with from by as than about into "  # noqa: SIM905
    "is are was were be have has had do does did will would can could should may might my your our their his her its "
    "this these those um uh er well like also then not very i you we they he she it".split()
)


def finished(text: str, language: str) -> bool:
    """Whether ``text`` ends as a sentence does. Whisper puts a full stop after anything, so words count more."""
    if _TRAILING_OFF.search(text):
        return False
    if re.search(r"[?？]\s*$", text):
        return True
    words = re.sub(r"[\s。．.!！]+$", "", text)
    if language == "ja":
        if _JAPANESE_GOES_ON.search(words):
            return False
        return bool(_JAPANESE_END.search(words)) or words != text.rstrip()
    last = re.split(r"[^\w']+", words.lower())[-1]
    return bool(last) and last not in _ENGLISH_GOES_ON
