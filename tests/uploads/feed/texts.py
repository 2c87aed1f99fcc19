"""Product texts as shops write them, in the languages and encodings that feeds come in."""

from typing import Final

# Language → names of products.
TEXTS: Final[dict[str, list[str]]] = {
    "English": [
        "Nordica® frying pan", "Children’s rain boots", "AquaPeak™ bottle 1½ l", "Café table", "Men’s belt – brown",
        "Nordica® pan", "AquaPeak™ bottle", "“Big” lamp… 20°",
    ],
    "German": [
        "Kühlschrank, groß", "Türgriff für Außenbereich", "Küchenmöbel weiß", "Schlüsselanhänger", "Gläser-Set",
        "Größe für Männer", "Übergrößen Schürze", "Schöne Tür", "Straßenschuh weiß",
    ],
    "French": [
        "Crème brûlée à l’ancienne", "Chaussures d’été", "Fenêtre à battant", "Théière émaillée",
        "Sac à main beige foncé", "Crème brûlée à la rose", "Façade", "Garçon été", "Bouteille « Eau »",
    ],
    "Spanish": [
        "Sillón marrón", "Zapatos de niño", "Lámpara de baño", "Cinturón pequeño", "Jardín: macetas", "Niño pequeño",
        "Cañón ¿qué?", "Jamón ibérico", "Lámpara de pie", "Talla 2ª",
    ],
    "Portuguese": [
        "Calções de verão", "Máquina de café", "Relógio de coleção", "Pão e maçã", "Sofá para três pessoas",
        "Coração não", "Maçã pão", "Ação canção", "Lâmpada",
    ],
    "Italian": [
        "Caffè in grani, qualità", "Tè verde biologico", "Libertà di forma", "Più luce per la città", "Lampada a metà",
        "Caffè è più", "Città", "Perché no", "Tè verde",
    ],
    "Dutch": [
        "Ideeën voor crèmekleur", "Geïsoleerde fles", "Eén stuk, oliën", "Coëfficiënt", "Reünie-set",
        "Geïsoleerde beker", "Knieën", "Reünie", "Bébé",
    ],
    "Danish": [
        "Lænestol i træ", "Køkkenbord", "Blå jakke størrelse 40", "Sølvsmykke", "Børnecykel grøn", "Rødgrød med fløde",
        "Æble på ø", "Køkken", "Blå stol",
    ],
    "Swedish": [
        "Skärbräda av trä", "Grön stol för barn", "Kökslåda", "Blå kjol", "Höga stövlar", "Smörkniv från Åre", "Köksö",
        "Bäst på hösten", "Räkost",
    ],
    "Norwegian": ["Kjøleskap hvit", "Blå jakke med lær", "Små håndklær", "Røde støvler", "Gulvteppe grønt"],
    "Finnish": ["Pöytälamppu", "Lämmin käsine", "Sänky väri sininen", "Kylpypyyhe pehmeä", "Työkalupakki"],
    "Icelandic": [
        "Borðlampi úr við", "Rúmföt hvít", "Þvottavél", "Skór fyrir börn", "Ullarpeysa græn", "Þvottaefni",
        "Íslensk ull", "Skór á börn", "Ýmis verkfæri", "Blóm og ljóð",
    ],
    "Catalan": ["Llum de taula català", "Cançons, llibre", "Col·lecció d’estiu", "Màquina de cafè", "Sofà còmode"],
    "Estonian": ["Põrandalamp must", "Tööriistakast", "Köögilaud", "Väike õunamahl", "Sinine põll"],
    "Czech": [
        "Křeslo černé", "Židle dřevěná", "Stůl do kuchyně", "Dětské boty růžové", "Lžíce příborová",
        "Žlutá šála dětská", "Křeslo čalouněné", "Příbor nerezový", "Hůl dřevěná",
    ],
    "Slovak": [
        "Stolička drevená čierna", "Posteľ pre deti", "Kreslo hnedé, mäkké", "Ľahká bunda", "Chladnička veľká",
        "Žltý šál detský", "Stolička ľahká", "Príbor", "Kôš na bielizeň",
    ],
    "Polish": [
        "Krzesło żółte", "Łóżko dziecięce", "Świeca zapachowa", "Buty męskie brązowe", "Ręcznik kąpielowy",
        "Żółta łódka dziecięca", "Krzesło dębowe ćwierć", "Gąbka źródlana",
    ],
    "Hungarian": [
        "Bőr táska fehér", "Női cipő", "Függöny zöld", "Fűnyíró erős", "Kávéfőző gép", "Fűnyíró gép", "Őszi cipő",
        "Hűtőszekrény", "Asztali lámpa",
    ],
    "Romanian": [
        "Scaun de bucătărie", "Cămaşă albă pentru bărbaţi", "Geantă din piele neagră", "Masă rotundă",
        "Lampă de birou",
    ],
    "Slovenian": [
        "Stol za kuhinjo, črn", "Otroški čevlji", "Žlica srebrna", "Hladilnik večji", "Rdeča srajca za moške",
    ],
    "Croatian": [
        "Dječje cipele smeđe", "Stolica za kuhinju, žuta", "Čaša staklena", "Ormarić za ključeve", "Kišna kabanica",
        "Čaša za vodu", "Dječji šešir", "Kuhinjski nož", "Ćevapi",
    ],
    "Turkish": [
        "Kırmızı gömlek", "Ahşap sandalye", "Çocuk ayakkabısı", "Işıklı masa lambası", "Büyük çanta siyah",
        "Masa lambası şık", "Gümüş kaşık", "İnce iğne",
    ],
    "Lithuanian": [
        "Medinė kėdė žalia", "Stalinė šviesa", "Vaikiški batai", "Moteriškas rankšluostis", "Juodas krėslas",
        "Stalinė lempa", "Mėlynas puodelis", "Ąžuolinė kėdė", "Šiltas čiužinys",
    ],
    "Latvian": ["Koka krēsls melns", "Bērnu apavi", "Galda lampa zaļa", "Sieviešu mētelis", "Tējkanna sarkanā krāsā"],
    "Russian": [
        "Настольная лампа", "Кресло офисное чёрное", "Белый стул", "Детские ботинки", "Чайник электрический",
        "Кружка белая", "Стул деревянный", "РУБАШКА мужская",
    ],
    "Ukrainian": [
        "Настільна лампа", "Крісло офісне чорне", "Білий стілець", "Дитячі черевики", "Чайник електричний",
        "Чашка біла", "Стілець дерев'яний",
    ],
    "Bulgarian": [
        "Настолна лампа", "Черен офис стол", "Детски обувки", "Дървена маса", "Електрическа кана", "Бяла чаша",
        "Дървен стол",
    ],
    "Greek": [
        "Καρέκλα μαύρη", "Τραπέζι κουζίνας", "Παιδικά παπούτσια", "Φωτιστικό γραφείου", "Πράσινη τσάντα",
        "Επιτραπέζιο φωτιστικό", "Κούπα λευκή", "Καρέκλα ξύλινη",
    ],
    "Hebrew": ["מנורת שולחן", "כיסא משרדי שחור", "נעלי ילדים", "שולחן עץ", "תיק עור חום"],
    "Arabic": ["مصباح مكتب", "كرسي مكتب أسود", "أحذية أطفال", "طاولة خشبية", "حقيبة جلد بنية"],
    "simplified Chinese": [
        "台灯 白色", "无线耳机", "充电线 两米", "儿童雨鞋", "木制餐桌", "木椅子", "男式衬衫", "厨房用具",
    ],
    "traditional Chinese": [
        "檯燈 白色", "無線耳機", "充電線 兩公尺", "兒童雨鞋", "木製餐桌", "木椅子", "男士襯衫", "廚房用具",
    ],
    "Japanese": [
        "デスクランプ 白", "ワイヤレスイヤホン", "充電ケーブル 2m", "子供用長靴", "木製テーブル",
        "デスクランプ", "白いマグカップ", "木の椅子", "男性用シャツ",
    ],
    "Korean": [
        "탁상용 램프 흰색", "무선 이어폰", "충전 케이블", "어린이 장화", "나무 식탁", "책상 램프",
        "하얀 머그컵", "나무 의자", "남성 셔츠",
    ],
    "English, one mark": ["Nordica® pan", "Plain lamp"],
    "English, apostrophes": ["Children’s boots", "Men’s belt"],
    "English, dashes": ["Water–proof boots", "Paris–Dakar shirt", "Lamp – red"],
    "English, signs": ["Bottle ½ l", "Cloth 2 m²", "Board 20×30", "Oven 200° C", "Vitamin 5 µg", "¡Hola! shirt"],
    "brands of several languages": ["Citroën car mat", "Müller yoghurt", "São Paulo shirt", "Señor taco", "Ærø mug"],
}  # fmt: skip
WESTERN: Final = ("cp1252", "iso8859_15", "mac_roman", "cp850")
CENTRAL: Final = ("cp1250", "iso8859_2", "cp852")
CYRILLIC: Final = ("cp1251", "koi8_u", "cp866", "iso8859_5", "mac_cyrillic")
# Language → the encodings in which its files come
WRITTEN_IN: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys([
        "German", "French", "Spanish", "Portuguese", "Italian", "Dutch", "Danish", "Swedish", "Norwegian", "Finnish",
    ], WESTERN),
    **dict.fromkeys(["Czech", "Slovak", "Polish", "Hungarian", "Romanian", "Slovenian", "Croatian"], CENTRAL),
    **dict.fromkeys(["Russian", "Bulgarian"], CYRILLIC),
    "Ukrainian": ("cp1251", "koi8_u", "iso8859_5", "mac_cyrillic"),
    "English": ("cp1252", "mac_roman"), "English, one mark": ("cp1252", "mac_roman"), "English, dashes": ("cp1252",),
    "English, apostrophes": ("cp1252", "mac_roman"), "English, signs": ("cp1252",),
    "brands of several languages": ("cp1252",), "Icelandic": ("cp1252",), "Catalan": ("cp1252",),
    "Estonian": ("cp1252", "cp1257"), "Turkish": ("cp1254", "cp857"), "Lithuanian": ("cp1257", "cp775"),
    "Latvian": ("cp1257", "cp775"), "Greek": ("cp1253", "iso8859_7", "cp737"), "Hebrew": ("cp1255", "cp862"),
    "Arabic": ("cp1256", "iso8859_6"), "simplified Chinese": ("gb18030",), "traditional Chinese": ("cp950", "gb18030"),
    "Japanese": ("cp932", "euc_jp"), "Korean": ("cp949",),
}  # fmt: skip
