"""Which letters beyond ASCII languages use, often ones first, and the pages they are written in."""

LATIN = {
    "de": (
        "äüößÄÜÖ",
        "der die das und ist von mit den dem nicht ein eine auf im werden zu bei nach",
    ),
    "fr": ("éèàçêôâûîùœëïÉÈÀÇÊ", "le la les des une un est et du en pour dans que qui sur au aux"),
    "it": ("èàùòéìÈÀ", "il la di che un una per del della sono con non alla nel gli dei le"),
    "es": ("óáéíñúüÁÉÍÓÚÑ", "el la los las de que en un una por con para del es se al su"),
    "pt": ("ãçáéíóõêâúàôÁÉÍÓÇ", "o a os as de que em um uma por com para do da dos das no na"),
    "en": ("éïèç", "the of and to in is for that with on are be as by from this at"),
    "nl": ("ëéïöüèÉ", "de het een van en in is op te met voor dat niet zijn aan om"),
    "sv": ("äåöÄÅÖé", "och att det som en ett av den med till inte om"),
    "da": ("åøæÅØÆé", "og det som en et af den med til ikke om er for"),
    "is": ("áíðöéóþúæýÁÍÞÓÉ", "og sem er til um ekki fyrir var hann"),
}
"""Of western Europe: letters, and words that need none of them."""
CENTRAL = {
    "pl": ("ąęłóśżćńźŁŚŻĆ", "i w na z do nie to jest dla od po przez oraz"),
    "cs": ("íáěéýčřžšůúťňďóČŘŽŠÚ", "a se na je v z do pro o s za jako nebo"),
    "sk": ("áíčéýžšúľťňôäďŕĺóČŠŽ", "a sa na je v z do pre o s za ako alebo"),
    "hu": ("áéíóöőúüűÁÉÖŐÜ", "a az hogy nem is egy meg van csak volt"),
    "hr": ("čćžšđČĆŽŠĐ", "i u na je se za da od su kao ili"),
    "ro": ("ăâîşţĂÎŞŢ", "a de la cu pe nu este din sau care pentru"),
    "de": LATIN["de"],
}
TURKISH = {"tr": ("ıüşğçöİÜŞĞÇÖ", "ve bir bu da de ile olan olarak daha")}
BALTIC = {
    "lt": ("ėšįųąūžęčŠŽ", "ir yra kad su bei apie kaip"),
    "lv": ("āīēšūļņķģžčŠĀ", "un ir uz ar no par ka"),
    "et": ("äõüöšžÄÕÜÖ", "ja on ei et see oli kui ning"),
}
CYRILLIC = {
    "ru": ("оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфёъ", ""),
    "uk": ("оанивітерслкдумпяьгзбчйхцжєшюїфщґ", ""),
    "bg": ("аоиетнрсвлпдкмзъугбчяйщхцжшфюь", ""),
}
GREEK = {"el": ("αοιετσνηυρπκμλςθδγχβφξζψίόάέήύώϊ", "")}
HEBREW = {"he": ("יוהלאתרבמשנםדעחקפכצגסטזןךץף", "")}
ARABIC = {"ar": ("اليمونرتبةعدسفهكقحجأشصطخضىذزغءثإظؤئآ", "")}

PAGES = (
    ("cp1252", LATIN, 0.75),
    ("iso8859_15", LATIN, 0),
    ("cp850", LATIN, -0.1),
    ("cp437", LATIN, -0.15),
    ("mac_roman", LATIN, -0.12),
    ("cp1250", CENTRAL, -0.2),
    ("iso8859_2", CENTRAL, -0.3),
    ("cp852", CENTRAL, -0.8),
    ("mac_latin2", CENTRAL, -1),
    ("cp1254", TURKISH, -0.4),
    ("cp857", TURKISH, -0.9),
    ("cp1257", BALTIC, -0.4),
    ("cp1251", CYRILLIC, -0.5),
    ("koi8_u", CYRILLIC, -0.55),
    ("cp866", CYRILLIC, -0.6),
    ("iso8859_5", CYRILLIC, -0.7),
    ("mac_cyrillic", CYRILLIC, -0.8),
    ("cp1253", GREEK, -0.7),
    ("iso8859_7", GREEK, -0.8),
    ("cp737", GREEK, -1),
    ("cp1255", HEBREW, -0.8),
    ("cp862", HEBREW, -1),
    ("cp1256", ARABIC, -0.9),
    ("iso8859_6", ARABIC, -1),
)
"""Codecs, the languages written in them, and their lead in letters that fit: Windows' lead."""
_CHINESE = "的一是不了在人有我他中上大和地到以就出可也生能而子得自年下作里日月期通交"
_JAPANESE = "のにはをたがでてとしれさあいるらなすもかりだこますせきよつくまンスルトーアイ日月年会"
DOUBLE = {
    "gb18030": _CHINESE + "这个们为国说时要会对后过发来着价请货联系号关于",
    "big5hkscs": _CHINESE + "這個們為國說時要會對後過發來著價請貨聯繫號關於",
    "cp932": _JAPANESE,
    "euc_jp": _JAPANESE,
    "cp949": "이다는을가에의고하한로를은지기도사어대인서해자시나요주일월년합니",
}
"""Codecs of two bytes a letter, and letters that every text in them has."""
