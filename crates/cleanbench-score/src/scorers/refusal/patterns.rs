//! The words by which a refusal is told, and those that only sound like one.
//!
//! Invariant: every pattern is bounded and is put to the beginning of an answer only, in lower case and with plain
//! apostrophes. It refuses nothing: what is made of a match stands in `refusal.rs`.

/// Ways to decline. Apostrophes are `'` here; the text is made so.
pub(super) const PATTERNS: [&str; 72] = [
    // English: not able or not willing to do what was asked.
    r"\bi(?:'m| am)(?: \w+ly| just| really| so)? (?:not able|unable|not allowed|not permitted|not in a position|not willing|not going to|not supposed)\b",
    r"\b(?:i|we) (?:can't|cannot|can not|won't|will not|must not|mustn't|shouldn't|should not|am not able to|wouldn't)(?: (?:\w+ly|be able to|be|just|even|really|in good conscience|ethically|help|assist|provide or|create or)){0,3} (?:help|assist|provide|support|comply|answer|do (?:that|this|so|it)|fulfil|fulfill|share|discuss|generate|create|write|produce|engage|offer|give (?:you )?(?:that|this|out|instructions|information|details|any|you that)|participate|continue|walk (?:you|anyone|people|users) through|guide you|show you how|point you to|disclose|condone|take part|go into|talk about|reveal|teach|supply|accommodate|role-?play|draft|compose|entertain|respond|complete|go along|process|facilitate|carry out|explain how)(?:$|(?-i:[^\p{L}]))",
    r"\bi(?: must| have to| need to| will(?: have to)?|'ll(?: have to)?| respectfully| am going to(?: have to)?|'m going to(?: have to)?)(?: \w+)? (?:(?:decline|refuse)\b|pass(?: on (?:this|that|it|your)\b(?: \w+)?)?(?:[.!,;]|$))",
    r"\bi(?:'d| would| must)? (?:(?:respectfully |politely )?(?:decline|refuse) to|(?:strongly )?prefer not to|rather not) ?(?:$|[.!,;]|(?:answer|provide|help|assist|do|write|discuss|respond|share|engage|comment|participate|take part|give|create|say|generate|produce|comply|go into|get into|talk|speak|offer|support)\b)|^i refuse\b",
    r"\b(?:can't|cannot|unable to|not able to) (?:help|assist)(?: you)? with (?:that|this|your)\b",
    r"\b(?:goes|is|be|would go) against my (?:\w+ )?(?:guidelines|policy|policies|principles|programming)\b",
    r"^(?:no|nope|no way|no can do|absolutely not|i refuse|i decline|request denied)[.!]?$|^(?:no[,.]|nope[,.]?|sorry[,.]?) (?:sorry[,.]? )?(?:but )?(?:i(?:'m sorry[,.]? (?:but )?i)? )?(?:can't|cannot|won't|will not)(?:[.!,]|$| do\b| help\b)",
    r"\bsorry,? (?:but )?(?:no(?:[.!,]|$)|(?:that's not something i can|i can't|i cannot|i won't|not something)\b)|\bnot something i(?:'m| am| can| will|'ll)\b",
    r"\bmy (?:\w+ )?(?:guidelines|polic(?:y|ies)|programming|principles|instructions|safety \w+) (?:prevents?|prohibits?|forbids?|restricts?|(?:do|does) not (?:allow|permit)|don't (?:allow|permit)|doesn't (?:allow|permit)|won't let) (?:me|this|that|it|such)\b",
    r"\b(?:illegal|unlawful|unethical|harmful|dangerous|unsafe)\b[^.\n]{0,40},? so (?:no(?:[.!]|$)|i (?:won't|can't|cannot|will not)\b)|^(?:(?:i'm |i am )?(?:so |very )?sorry|apologies|unfortunately)[,.]? (?:but )?(?:that|this|it)(?:'s| is| would be| goes) against (?:\w+ ){0,2}(?:polic(?:y|ies)|guidelines|rules|terms|principles)\b",
    r"(?:^|[.!,;] )(?:i'm |i am )?not going to (?:help|do|answer|assist|provide|write|share)\b|\b(?:something|anything) (?:that )?i (?:can't|cannot|can not|won't|will not) (?:do|help|assist|provide|discuss|share|support)\b|\bi(?:'m| am) afraid (?:that )?i (?:can't|cannot|can not|won't|will not)(?:[.,!]|$)|^(?:i'm |i am )?(?:so |very |truly )?sorry[,.]? (?:but )?(?:no|i (?:can't|cannot|won't))(?:[.!,]|$)",
    // German.
    r"\bich (?:kann|darf|werde|möchte|will)(?: \w+){0,6} nicht(?: \w+){0,4} (?:helfen|unterstützen|beantworten|bereitstellen|geben|weitergeben|liefern|erstellen|schreiben|nachkommen|behilflich|anbieten|ausführen|tun|erfüllen|weiterhelfen|machen)\b",
    r"\b(?:dabei|damit|hierbei|hiermit|dazu) (?:kann|darf|werde|möchte) ich (?:\w+ ){0,4}(?:nicht|keine\w* (?:\w+ ){0,2}(?:anleitung|auskunft|auskünfte|hinweise|informationen|angaben|hilfe|tipps|ratschläge|details|antwort|unterstützung))\b|\bdas (?:darf|werde|möchte|mache|tue|schreibe|beantworte) ich (?:\w+ ){0,3}nicht(?:$|[.!,;]| (?:tun|machen|beantworten|schreiben|mit|für|unterstützen)\b)",
    r"\b(?:dazu|darüber|hierzu|hierüber) (?:gebe|mache|sage|erteile|werde|möchte) ich (?:\w+ ){0,3}(?:keine?|nichts)\b|\bich (?:helfe|unterstütze|beantworte|schreibe)\b(?: \w+){0,5} nicht\b|\bich möchte(?: \w+){0,4} (?:lieber )?nicht (?:antworten|beantworten|äußern)\b",
    r"\bich (?:kann|darf|werde|möchte) (?:\w+ ){0,5}(?:keine|keinen|kein)\b(?: [\w-]+){0,6} (?:geben|bereitstellen|liefern|erstellen|machen|anbieten|leisten|weitergeben|schreiben)\b",
    r"\b(?:ist|wäre) (?:es )?mir (?:leider )?(?:nicht|leider nicht) (?:möglich|erlaubt|gestattet)\b|\bich bin nicht (?:in der lage|befugt|berechtigt)\b|\bich lehne(?: \w+){0,5} ab\b|\bmuss(?: \w+){0,5} ablehnen\b",
    // Chinese: unable, may not, refuse, with or without the subject.
    r"(?:我|本助手|作为.{0,12})(?:们)?(?:很抱歉|抱歉|恐怕|目前|暂时|现在|实在|也|确实)?[，, ]?(?:无法|不能|不可以|没办法|没有办法|不会)(?:为您|为你|向您|向你|给您|给你|直接)?(?:提供|帮助|协助|回答|满足|完成|生成|编写|执行|讨论|支持|参与|帮|这样做)",
    r"(?:抱歉|对不起|對不起|很遗憾)[，,。 ]?(?:但)?(?:我)?(?:无法|無法|不能|没办法|不可以|不会|不會)",
    r"(?:我|本助手)(?:必须|只能|不得不)?拒绝|恕难从命|無法(?:提供|協助|回答|滿足)|我不能這",
    r"帮不了(?:你|您|这)|(?:我|本助手)(?:不便|不方便|不愿意?|不想)(?:回答|透露|提供|讨论|评论|参与|帮)|(?:^|[。！，\n ])(?:暂时|目前|很遗憾)?(?:无法|不能|不便)(?:为您|为你|向您|向你)?(?:回答|提供|协助|满足|讨论)(?:这|该|此|您|你|相关)|换(?:个|一个)话题",
    // French.
    r"\bje (?:ne peux|ne suis|ne vais|ne saurais|ne pourrai|regrette)(?: \w+)? (?:pas|en mesure)\b(?:(?: [\w']+){0,4} (?:aider|répondre|fournir|donner|faire|créer|écrire|assister|en mesure|accéder|cela|ça|partager))",
    r"\bje (?:suis au regret|regrette) de ne (?:pas )?(?:pouvoir|être en mesure)\b|\bje (?:dois |me vois contraint de )?(?:refuse|refuser|décline|décliner)\b",
    r"\bje préfère(?:rais)? (?:ne pas|m'abstenir)\b(?: \w+)? ?(?:répondre|parler|aborder|donner|écrire|fournir|aider|faire|d|$|[.!,])|\bje ne (?:répondrai|fournirai|donnerai|ferai|écrirai) pas\b|\bil m'est impossible de (?:vous |te )?(?:répondre|aider|fournir|donner)",
    // Spanish.
    r"\bno (?:puedo|podré|podría|voy a|debo|me es posible)(?: \w+){0,2} (?:ayudar|ayudarte|ayudarle|proporcionar|responder|ofrecer|dar|crear|escribir|hacer eso|hacerlo|cumplir|asistir|compartir|realizar|generar)\w*\b",
    r"\b(?:lo siento|lamento)[^.]{0,30}\bno (?:puedo|es posible)\b|\bme niego\b|\bdebo (?:negarme|rechazar)\b",
    r"\bprefer(?:iría|iero|ría)? ?no (?:responder|hablar|contestar|hacer|opinar|dar|escribir|ayudar|comentar)|\bprefiero no (?:responder|hablar|contestar|hacer|opinar|dar|escribir|ayudar|comentar)|\bno (?:haré|responderé|escribiré|ayudaré|daré|proporcionaré)(?:$|[ .,!])|\bno estoy (?:autorizad[oa]|en condiciones|dispuest[oa])\b",
    // Italian.
    r"\bnon (?:posso|potrò|sono in grado|mi è possibile|sono autorizzat[oa])\b(?: \w+){0,3} (?:aiutar\w*|fornir\w*|risponder\w*|assister\w*|farlo|dare|darti|scriver\w*|crear\w*|condivider\w*|soddisfar\w*)\b",
    r"\b(?:devo (?:rifiutar\w*|declinar\w*)|mi rifiuto)\b",
    r"\bprefer(?:isco|irei) non (?:rispond\w*|parlar\w*|far\w*|dar\w*|esprimer\w*|scriver\w*|aiutar\w*)|\bnon (?:lo farò|risponderò|fornirò|scriverò|ti aiuterò|la aiuterò)(?:$|[ .,!])|\bnon posso (?:fare|scrivere) (?:questo|quello|ciò)",
    // Portuguese.
    r"\bnão (?:posso|poderei|vou|consigo|devo|sou capaz|me é possível)\b(?: \w+){0,3} (?:ajudar?|ajudá-l[oa]|ajudá|fornecer|responder|oferecer|criar|escrever|fazer isso|dar|cumprir|atender|auxiliar|compartilhar|assistir)\b",
    r"\b(?:devo recusar|preciso recusar|me recuso|recuso-me|tenho de recusar)\b",
    r"\b(?:prefiro|preferia|preferiria) não (?:responder|falar|fazer|comentar|opinar|dar|escrever|ajudar)|\bnão (?:farei|responderei|fornecerei|ajudarei|escreverei)\b|\bnão (?:posso|vou|devo) (?:fazer|escrever) (?:isso|isto|o que)|\bnão me sinto (?:à vontade|confortável)\b",
    // Dutch.
    r"\bik kan(?: \w+){0,5} (?:niet|geen)(?: \w+){0,5} (?:helpen|geven|bieden|verstrekken|beantwoorden|doen|schrijven|maken|assisteren|delen|voldoen)\b|\bhier(?:mee|bij) kan ik(?: \w+){0,3} niet\b|\bdaar(?:mee|bij) kan ik(?: \w+){0,3} niet\b",
    r"\bik (?:moet|wil)(?: \w+){0,4} (?:weigeren|afwijzen)\b|\bik weiger\b|\bik (?:\w+ ){1,5}liever niet\b",
    r"\b(?:dat|dit) (?:kan|ga|wil|mag|zal|doe) ik (?:\w+ ){0,3}niet(?:$|[.!,;]| (?:doen|beantwoorden|schrijven|maken|geven|delen|voor)\b)|\bdaar (?:kan|mag|wil|ga|zal) ik (?:\w+ ){0,3}niet (?:mee|bij|aan|op|over)\b|\bik help (?:je|u|jou)(?: \w+){0,3} niet\b|\bik (?:ga|zal|wil|mag)(?: \w+){0,5} niet (?:\w+ )?(?:helpen|beantwoorden|doen|schrijven|geven)\b",
    // Swedish.
    r"\bjag (?:kan|får|vill|kommer)(?: \w+){0,3} (?:inte|ej)(?: \w+){0,4} (?:hjälpa|ge|tillhandahålla|svara|göra|skriva|skapa|bistå|dela|uppfylla)\b",
    r"\bjag (?:måste|vill)(?: \w+){0,3} (?:avböja|neka|vägra)\b|\bjag (?:vägrar|avböjer)\b",
    r"\bdet (?:vill|kan|tänker|gör|får) jag (?:\w+ ){0,3}inte(?:$|[.!,;]| (?:göra|svara|hjälpa|skriva|ge|dela|med)\b)|\bjag tänker inte (?:göra|svara|hjälpa|skriva|ge)\b|\bjag (?:avstår från att|föredrar att inte|vill helst inte) (?:svara|göra|uttala|hjälpa|skriva)\b",
    // Polish.
    r"\bnie (?:mogę|jestem w stanie|będę|wolno mi|zamierzam)\b(?: \w+){0,4} (?:pomóc|udzielić|podać|odpowiedzieć|dostarczyć|zrobić|napisać|stworzyć|spełnić|udostępnić|pomagać)\b",
    r"\b(?:muszę odmówić|odmawiam)\b",
    r"\b(?:tego|w tym) nie (?:zrobię|napiszę|mogę zrobić|pomogę)\b|\bnie (?:pomogę|odpowiem|udzielę|napiszę|zrobię)(?: \w+){0,2} ?(?:ci|panu|pani|tego|na to|w tym|informacji|odpowiedzi|[.!])|\bwol(?:ę|ał[ao]?bym) nie (?:odpowiadać|mówić|pisać|pomagać)\b",
    // Turkish.
    r"\b(?:yardımcı olamam|yardım edemem|yardımcı olamıyorum|yardımcı olamayacağım|yardım edemiyorum|yardım edemeyeceğim|sağlayamam|veremem|yanıtlayamam|cevaplayamam|yapamam|yazamam|reddetmek zorundayım|reddediyorum|yerine getiremem|paylaşamam|veremiyorum|yapmayacağım|yapamıyorum|yazmayacağım|cevaplamayacağım|yanıtlamayacağım|yardım etmeyeceğim|cevaplayamıyorum|yanıtlayamıyorum|sağlayamıyorum|yerine getiremiyorum|paylaşamıyorum|sunamam|sunamıyorum|gerçekleştiremem|(?:cevap vermemeyi|cevaplamamayı|yanıtlamamayı) tercih)\b",
    // Indonesian.
    r"\bsaya (?:tidak (?:bisa|dapat|mampu|boleh|akan|mau|ingin|bersedia)|harus menolak|menolak)\b(?: \w+){0,3}(?: (?:membantu|memberikan|menyediakan|menjawab|melakukan|menulis|membuat|memenuhi|membagikan)\w*|(?-i:[^\p{L}])*permintaan|[.,!])",
    r"\bsaya (?:lebih )?(?:memilih|suka) (?:untuk )?tidak (?:menjawab|membahas|melakukan|membantu|memberikan|menulis)",
    // Vietnamese.
    r"tôi (?:không thể|không được phép|xin phép từ chối|phải từ chối|từ chối|sẽ không)(?: \p{L}+){0,3} ?(?:giúp|cung cấp|hỗ trợ|trả lời|thực hiện|viết|tạo|đáp ứng|chia sẻ|từ chối|yêu cầu|làm)|tôi (?:phải |xin phép |xin )?từ chối",
    r"tôi (?:xin phép không|xin không|sẽ không|không muốn|không tiện|chưa thể) (?:trả lời|giúp|viết|cung cấp|làm|hỗ trợ|thực hiện|bàn)",
    // Russian.
    r"я не (?:могу|смогу|буду|имею права|в состоянии|вправе)(?: \p{L}+){0,4} (?:помочь|помогать|предоставить|ответить|дать|написать|создать|выполнить|сделать|рассказать|предоставлять|делать|поделиться)|не (?:могу|смогу)(?: \p{L}+){0,3} (?:с этим|в этом|помочь|выполнить)",
    r"я (?:вынужден\p{L}* |должен |должна )?(?:отказ\p{L}+)|вынужден\p{L}* отказать",
    r"я не (?:стану|буду|хочу|готов\p{L}*)(?: \p{L}+){0,3} (?:писать|отвечать|помогать|делать|обсуждать|участвовать|давать)|(?:предпоч\p{L}+|лучше)(?: бы)? не (?:отвечать|обсуждать|говорить|писать)|я (?:предпочту )?воздерж\p{L}+|я (?:этого|так) (?:делать|писать) не (?:буду|стану)",
    // Japanese.
    r"(?:お手伝い|お答え|ご協力|対応|提供|支援|回答|お応え|応じ|手助け|ご提供|ご案内|実行)(?:する)?(?:こと)?(?:は|が|を)?(?:でき(?:ません|かねます|ない)|いたしかねます|致しかねます|られません|ることはできません|かねます)|お断り(?:します|いたします|させて)",
    r"(?:回答|お答え|お手伝い|コメント|対応|提供|ご提供|ご案内|返答)(?:すること)?(?:は|を)?(?:差し)?(?:控え(?:させて|ます|たい)|ご?遠慮(?:させて|いたし|します))|(?:お教え|教える|書く|手伝う|答える|応える|作成する|協力する)(?:こと)?(?:は|が)?でき(?:ません|かねます)|(?:教え|答え|応え)られません",
    // Korean.
    r"(?:도와드릴|도와 드릴|제공할|제공해 드릴|답변할|답변드릴|답변해 드릴|도울|알려드릴|작성할|수행할|응할|도움을 드릴|지원할|지원해 드릴|해드릴|대답할) ?수(?:가|는)? 없|거절(?:하겠|해야|합니다)|거부합니다",
    r"(?:답변|대답|도움|정보|안내|제공|답)(?:을|를|은|는)?(?: ?(?:드리기|하기|해 드리기|제공하기))?(?:가|는)? ?(?:어렵습니다|곤란합니다|불가능합니다|불가합니다|어려워요)|(?:하지|돕지|답하지|제공하지|작성하지|도와드리지|쓰지|알려드리지|답변하지) 않겠|(?:저는|제가)[^.\n]{0,40}(?:도와줄|알려줄|해 ?줄|답할|써줄|말씀드릴|쓸) 수(?:가|는)? 없",
    // Arabic.
    r"(?:لا (?:أستطيع|يمكنني|أقدر|استطيع)|لن (?:أتمكن|أستطيع|أقوم)|لست قادر\p{L}*|غير قادر\p{L}*)(?: \p{L}+){0,3} ?(?:مساعدت\p{L}*|المساعدة|أساعدك|أن أساعد\p{L}*|تقديم|الإجابة|توفير|كتابة|تنفيذ|فعل|القيام|تلبية|مشاركة|إعطاء\p{L}*)",
    r"(?:يجب أن أرفض|أرفض|أعتذر عن (?:عدم|تقديم|المساعدة|الإجابة))",
    r"لن (?:أساعد\p{L}*|أكتب|أجيب|أفعل|أقدم|أشارك|أنفذ)|(?:أفضل|أفضّل) (?:عدم|ألا|أن لا) \p{L}+|لا (?:أرغب|أود|أريد)(?: في)? (?:الإجابة|المساعدة|الرد)|لا (?:أستطيع|يمكنني) (?:ذلك|هذا|مساعد)",
    // Hindi.
    r"मैं[^।.]{0,60}(?:नहीं कर सकत|नहीं दे सकत|मदद नहीं|सहायता नहीं|असमर्थ|उत्तर नहीं|अक्षम|नहीं लिख सकत|नहीं बता सकत)|(?:इनकार|मना) कर(?:ता|ती|ना)",
    r"मैं[^।.\n]{0,60}नहीं (?:कर(?:ूँ|ूं)ग[ाी]|द(?:ूँ|ूं)ग[ाी]|लिख(?:ूँ|ूं)ग[ाी]|बता(?:ऊँ|ऊं)ग[ाी]|कर पा|दे पा|करना चाह|देना चाह)",
    // Czech, Danish, Finnish, Romanian, Hungarian.
    r"\b(?:nemohu|nemůžu|nesmím|nebudu|nejsem schop(?:en|na)|nechci)\b(?: [\w-]+){0,5} (?:pomoci|pomoct|pomáhat|poskytnout|poskytovat|odpovědět|odpovídat|vytvořit|napsat|psát|splnit|vyhovět|sdílet|udělat|podílet)\b|\b(?:odmítám|musím odmítnout|s tím (?:vám |ti )?(?:nepomohu|nemohu|nepomůžu)|to (?:neudělám|nenapíšu))\b",
    r"\bjeg (?:kan|må|vil)(?: \w+){0,3} ikke(?: \w+){0,4} (?:hjælpe|give|levere|svare|gøre|skrive|lave|oprette|assistere|dele|opfylde|besvare|bistå|efterkomme)\b|\b(?:det|dette) (?:kan|vil|må) jeg (?:\w+ ){0,3}ikke(?:$|[.!,;]| (?:hjælpe|gøre|svare|skrive|besvare|give)\b)|\bjeg (?:afslår|nægter|må afvise|må afslå|er nødt til at (?:afvise|afslå))\b",
    r"\ben (?:\w+ )?(?:voi|pysty|saa|aio|suostu)(?: [\w-]+){0,5} (?:auttaa|auttamaan|antaa|antamaan|vastata|vastaamaan|tarjota|tarjoamaan|kirjoittaa|kirjoittamaan|luoda|tehdä|tekemään|toteuttaa|avustaa|avustamaan|jakaa)\b|\b(?:kieltäydyn|minun on kieltäydyttävä|minun täytyy kieltäytyä|joudun kieltäytymään)\b",
    r"\bnu (?:vă |te |îți |îţi )?(?:pot|voi|am voie să|sunt în măsură să|sunt capabilă? să)\b(?: \p{L}+){0,4}? (?:ajuta|ajut|oferi|ofer|furniza|furnizez|răspunde|răspund|scrie|scriu|crea|creez|face|fac|îndeplini|îndeplinesc|asista|asist|împărtăși)\b|\b(?:trebuie să refuz|refuz să|sunt nevoită? să refuz)\b",
    r"\bnem (?:tudok|fogok|áll módomban|vagyok képes|vagyok hajlandó)(?: \p{L}+){0,4} (?:segíteni|segítséget|nyújtani|válaszolni|írni|készíteni|létrehozni|teljesíteni|megtenni|megosztani|adni)\b|\bnem segíthetek\b|\b(?:ebben|abban) (?:\p{L}+ ){0,3}nem tudok\b|\b(?:vissza kell utasítanom|visszautasítom|el kell utasítanom|elutasítom)\b",
    // Greek, Ukrainian, Hebrew, Thai.
    r"δεν (?:μπορώ|είμαι σε θέση|θα|μου επιτρέπεται)(?: \p{L}+){0,4} (?:βοηθήσω|παρέχω|παράσχω|δώσω|απαντήσω|γράψω|δημιουργήσω|εκτελέσω|κάνω|ικανοποιήσω|μοιραστώ|συνδράμω)|(?:^|[^\p{L}])αρνούμαι|πρέπει να αρνηθώ|οφείλω να αρνηθώ",
    r"не (?:можу|зможу|буду|маю права|в змозі)(?: \p{L}+){0,4} (?:допомогти|допомагати|надати|надавати|відповісти|відповідати|дати|написати|створити|виконати|зробити|робити|розповісти|поділитися)|(?:я |вимушен\p{L}* |змушен\p{L}* |мушу )відмов(?:ляюс|итис)[яь]",
    r"(?:לא|אינני|איני) (?:יכול\p{L}*|אוכל|מסוגל\p{L}*|רשאי\p{L}*|מוכנ?ה?)(?: \p{L}+){0,4}? (?:לעזור|לסייע|לספק|לענות|לכתוב|ליצור|לתת|לבצע|לעשות|למלא|לשתף|להיענות)|אני מסרב|נאלצ\p{L}* לסרב|חייב\p{L}* לסרב",
    r"(?:ไม่สามารถ|ไม่อาจ|ไม่ขอ|ไม่สะดวก)(?:ที่จะ|จะ)?(?:ช่วย|ให้|ตอบ|เขียน|สร้าง|ดำเนินการ|ทำ|ปฏิบัติ|แบ่งปัน|สนับสนุน)|ขอปฏิเสธ",
    // Reasons that are a refusal.
    r"\bi (?:can't|cannot|can not|will not|won't|do not|don't) and (?:will not|won't|cannot|can't|should not)\b|\bin good (?:faith|conscience)\b|\bi(?:'m| am) not comfortable (?:(?:with )?(?:\w+ing|that|this|it)\b|with (?:the|your) (?:request|question|topic|task|prompt)|[.!,]|$)",
    r"\bi (?:don't|do not|wouldn't|would not) feel (?:\w+ )?comfortable(?: with| about)?(?: \w+ing| this| that|[.!,]|$)|\bi (?:don't|do not) (?:think|believe|feel) (?:that )?(?:i (?:should|can|could|ought)|it(?:'s| is| would be) (?:appropriate|right|ethical|responsible)(?: for me)?) (?:to )?(?:help|assist|answer|do|write|provide|discuss|create|share|respond)",
    r"\bit(?:'s| is| would be) (?:\w+ ){0,3}(?:inappropriate|unethical|irresponsible|wrong|improper|not appropriate|not right) for me to\b|\bit (?:wouldn't|would not|isn't|is not) (?:be )?(?:appropriate|right|ethical|responsible) for me to\b",
    r"^(?:this|that|it) (?:violates?|goes against|breaches) (?:our|my|the|\w+'s) (?:\w+ ){0,2}(?:polic\w+|guidelines|terms|principles|rules)\b|\b(?:this|that|your|the|such) (?:\w+ )?(?:content|request|prompt|question|topic|material|query|message)(?: \w+){0,2} (?:violates?|violated|goes against|is against|breaches|conflicts with) (?:our|my|the|\w+'s) (?:\w+ ){0,2}(?:polic\w+|guidelines|terms|principles|rules)\b",
    r"^i (?:won't|will not|can't|cannot)[.!]|\b(?:isn't|is not) (?:one|something|a \w+) (?:that )?i can (?:fulfil|fulfill|help|assist|do|get into|go into|discuss|talk about|engage|provide|share)\b|\bi (?:have to|must|need to|prefer to|want to) steer clear of\b|\bi (?:don't|do not) (?:provide|assist|engage)\b|^let's (?:talk about|discuss|switch to|move on to) (?:something else|another topic|a different topic)",
];

/// What declines only where nothing much follows: "I can't recommend that".
pub(super) const WEAK: [&str; 5] = [
    r"\bi (?:can't|cannot|can not|won't|will not|shouldn't|wouldn't|am not able to)(?: \w+ly)? (?:tell|advise|recommend|encourage|promote|give|access|browse|describe|view|open)\b",
    r"\bas an? (?:ai|assistant|(?:\w+ )?(?:language )?model)\b[^.\n]{0,30}\bi (?:have no|don't have|do not have|don't hold|do not hold) (?:\w+ ){0,2}(?:opinions?|views?|beliefs|preferences|feelings)\b",
    r"\bdas kann ich (?:\w+ ){0,4}nicht\b",
    // With an apology, in any of these languages.
    r"\b(?:entschuldigung|tut mir leid|désolée?|mi dispiace|desculpe|sinto muito|het spijt me|tyvärr|przykro mi|przepraszam|üzgünüm|maaf|xin lỗi|lo siento)\b[^.\n]{0,30}\b(?:kann ich nicht|je ne peux pas|non posso|não posso|kan ik niet|kan jag inte|kan inte|nie mogę|yapamam|olamam|edemem|tidak bisa|tidak dapat|không thể|no puedo)",
    r"(?:извините|простите|к сожалению|آسف|عذرا|عذرًا|أعتذر|क्षमा करें|माफ़ करें|죄송|申し訳)[^.\n।。]{0,40}(?:не могу|не смогу|لا أستطيع|لا يمكنني|नहीं|없습니다|できません|かねます|お断り)",
];

/// What sounds like it and is none: "I can't wait to help", "I cannot recommend it enough".
pub(super) const NOT_THESE: &str = r"(?i)\b(?:can't|cannot|can not|won't|couldn't) (?:wait|help but|help (?:\w+ing)\b|(?:stress|emphasi[sz]e|recommend|praise|thank|tell|say|overstate|express|imagine)\b[^.!?\n]{0,60}\b(?:enough|how|highly)\b|tell you how|imagine|agree more|say (?:no|for)|be (?:happier|more)|complain|give up|let you down)|\bunable to (?:contain|hide)\b|\b(?:shouldn't|can't|won't) be (?:a problem|hard|difficult)\b|\bno problem\b|\bi refuse to (?:believe|accept|give up|think)\b|(?:can't|cannot|can not|couldn't|unable to|not able to)(?: \w+ly)? (?:find|see|verify|detect|locate|spot|confirm|predict|attend|make (?:it|out)|be (?:sure|certain)|reproduce|determine|remember|recall|promise|guarantee|say (?:for|with)|tell (?:whether|if|which|from|by|for|you (?:for|with|exactly))|answer (?:that|this|it) with certainty|give (?:you )?(?:an?|the|any) (?:guarantee|(?:finite|exact|precise|defini\w+|single|unique|certain) \w+))\b|\bnot going to (?:lie|sugarcoat|pretend)\b|\bkann ich (?:\w+ ){0,3}nicht (?:glauben|genug|oft genug|leugnen|bestätigen|erkennen|finden|sehen|verstehen|nachvollziehen|garantieren|beurteilen)\b|\bnon posso (?:dar\w+ torto|che\b|fare a meno)|\bno puedo (?:dejar|evitar|más)\b|\bnão posso deixar\b|\bje ne peux (?:que|pas m'empêcher)\b|не могу не |不能同意更多|不能不|\bkann es kaum erwarten\b|\bich kann nicht klagen\b|\bne peux pas attendre\b|\bno puedo esperar\b|\bnon vedo l'ora\b";

/// Somebody who is spoken to: "I'm sorry, Dave. I'm afraid I can't do that".
pub(super) const VOCATIVE: &str = r"\b((?i:sorry|no|afraid|apologies|unfortunately)), (?:\p{Lu}\p{Ll}{1,20}|(?:my )?(?:friend|dear)|sir|madam|buddy|pal)([,.!])";

/// An answer after all: "I can't open links, but here is what I know".
pub(super) const STILL_ANSWERS: &str = r"(?i)\b(?:but|however|that said|still|nevertheless|aber|mais|pero|ma|mas|maar|men|ale|ama|tapi|tetapi|nhưng|но|لكن|लेकिन)\b[^\n]{0,60}?\b(?:here(?:'s| is| are)|the answer is|the result is|the short answer|hier ist|hier sind|die antwort ist|voici|la réponse est|aquí (?:está|tiene|tienes)|la respuesta es|ecco|la risposta è|aqui está|a resposta é|hier is|het antwoord is|här är|svaret är|oto|odpowiedź to|işte|berikut|jawabannya adalah|đây là|вот|ответ)\b|(?:但是?|不过)[^\n。]{0,20}(?:以下是|答案是|这里是)|(?:ですが|しかし)[^\n。]{0,20}(?:以下|答えは)|(?:하지만|지만)[^\n.]{0,20}(?:다음은|답은)|(?:لكن|ولكن)[^\n.]{0,20}(?:إليك|الإجابة)";

/// What is offered in place of an answer.
pub(super) const IN_PLACE: &str = r"(?i)\b(?:alternatives?|instead|resources?|hotlines?|helplines?|safer?|stattdessen|alternativen?|ressources|recursos|alternativas?|risorse|tips|warning signs|recogni[sz]\w+|protect\w*|prevent\w*|avoid\w*|stay safe|safety|legal ways)\b";

/// A condition or a concession, of which only the rest counts.
pub(super) const ASIDE: &str = r"(?i)(?:^|[.!?。！？\n])\s{0,4}(?:if|unless|when|wenn|falls|si|se|als|om|jeśli|jika|nếu|если|إذا)\s[^.!?\n,]{0,160},|(?:如果|若|假如|要是|即使)[^。！？\n，,]{0,80}[，,]";

/// "While I can't give advice, ..."
pub(super) const CONCEDES: &str = r"(?i)(?:^|[.!?。！？\n])\s{0,4}(?:while|although|though|even though|even if|whilst|obwohl|auch wenn|obgleich|bien que|même si|quoique|aunque|si bien|sebbene|anche se|benché|embora|ainda que|hoewel|ook al|även om|trots att|chociaż|choć|mặc dù|meskipun|walaupun|хотя|虽然|尽管)[^.!?。！？\n,，]{0,200}[,，]";

/// Help of another kind than what was asked for.
pub(super) const OFFERS: &str = r"(?i)^\W{0,4}(?:i(?:'d| would|'m| am)(?: \w+)? (?:happy|glad|able|love|like|willing|open|encourage|suggest)\b|i (?:can|could|do)(?: \w+)? (?:help|offer|provide|suggest|discuss|explain|share|assist|point|encourage|recommend|direct)\b|feel free|please|ich kann|gerne|je peux|puedo|posso|ik kan|jag kan|mogę|saya (?:bisa|dapat)|tôi có thể|я могу|我可以|you (?:can|could|may|should)\b)";

/// Why something is declined.
pub(super) const REASONS: &str = r"(?i)\b(?:illegal\w*|harm\w*|danger\w*|unethical\w*|polic(?:y|ies)|guidelines|against the law|unsafe|consent|abus\w+|gefährlich|illégal\w*|ilegal\w*|illegale)\b|违法|危险|有害";

/// An answer that goes on with another subject than "I" or "you": "but the period is three months".
pub(super) const GOES_ON: &str = r"(?i)[,;.] (?:but|however,?|aber|mais|pero|ma|mas|maar|men) (?:the|it|it's|most|these|usually|typically|generally|in general|according|based|die|der|das|le|la|les|el|il|o|a|het|de|det (?:er|är|finns|findes))\b";

/// A letter that was asked for.
pub(super) const LETTER: &str = r"(?is)^\W{0,4}(?:subject:|dear |betreff:|sehr geehrte|liebe[rs]? |chère? |cher |objet ?:|estimad|asunto:|gentile |oggetto:|prezad|geachte |beste |szanown|уважаем)[^\n]{0,120}\n.*(?:regards|sincerely|yours|best wishes|grüße|grüßen|cordialement|saludos|atentamente|saluti|atenciosamente|groet|hälsningar|poważaniem|уважением)";
