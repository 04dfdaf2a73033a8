# ruff: noqa: RUF001  # the sample speaks languages whose letters and punctuation look like Latin ones
"""The texts of the sample month: in many languages and scripts, from right to left too, with emoji and combining
marks that no normalization may touch.
"""

from collections.abc import Mapping, Sequence

TALKS: Mapping[str, Sequence[tuple[str, str, str]]] = {
    # locale, question, answer
    "contoso": (
        ("en-US", "My card was declined at the till 😟", "Your card is fine; the till was offline. Please try again."),
        ("en-GB", "What's the rate for a 25-year mortgage?", "From 3.4 % a year. Shall I work out your instalment? 🏡"),
        ("fr-FR", "J'ai perdu ma carte hier soir.", "Je l'ai bloquée. La nouvelle arrive sous cinq jours. 💳"),
        ("es-ES", "¿Puedo subir el límite de mi tarjeta?", "Sí: hasta 3.000 € desde hoy mismo. ¿Lo hago? 😊"),
        ("pt-BR", "Não reconheço uma compra de R$ 89,90 😠", "Já abri uma contestação; o valor volta em dois dias."),
        ("ja-JP", "カードの暗証番号を忘れました。", "本人確認のあと、再設定の手順をお送りします 🙂"),
        ("ar-EG", "هل يمكنني تأجيل قسط القرض؟", "نعم، يمكن التأجيل شهرًا واحدًا دون رسوم."),
    ),
    "fabrikam": (
        ("de-DE", "Wo bleibt mein Paket? 📦", "Es liegt seit heute früh im Verteilzentrum Köln."),
        ("de-AT", "Die Rechnung stimmt nicht – zweimal Versand!", "Ich schreibe Ihnen einmal Versand gut: 4,90 €."),
        ("en-GB", "The headset won't pair with my phone 🎧", "Hold the button for ten seconds until it blinks blue."),
        ("pl-PL", "Chcę zwrócić buty, są za małe.", "Etykietę zwrotną wysłałem właśnie na Pani adres 👟"),
        ("fr-FR", "Le colis est arrivé ouvert 😡", "Toutes nos excuses ! Un nouveau part aujourd'hui."),
        ("tr-TR", "Siparişimi iptal edebilir miyim?", "Evet, kargoya verilmeden iptal ettim 👍"),
    ),
    "northwind": (
        ("en-US", "Do you deliver on Sundays? 🛒", "Yes, from 9 to 5. Shall I book a slot? 👍🏽"),
        ("es-MX", "El cafe\u0301 llegó abierto 😡", "Lo sentimos mucho: mañana llega otro, sin costo. ☕"),
        ("he-IL", "ההזמנה שלי \u200f(A-1184)\u200f עוד לא הגיעה 😕", "היא בדרך ותגיע עד 18:00. 🚚"),
        ("ar-SA", "هل لَدَيْكُمْ تَمْرٌ طازج؟ 🌴", "نعم، وصل اليوم. السعر \u200e$6.50\u200e للكيلو."),
        ("hi-IN", "क्या आम ताज़े हैं? 🥭", "जी हाँ, आज सुबह ही आए हैं।"),
        ("vi-VN", "Cho to\u0302i ho\u0309i gia\u0301 ga\u0323o? 🍚", "Da\u0323, 4,20 đô mo\u0302\u0323t ký a\u0323."),
        ("ko-KR", "\u1112\u1161\u11ab\u1100\u1173\u11af 메뉴가 있나요?", "네, 있습니다. 👩‍🍳🇰🇷"),
        ("en-GB", "Is my\u0336 the allergen list complete? 🥜❤️‍🩹", "It is: nuts, milk and gluten are marked."),
    ),
}

_LINES = ("greeting", "wants_human", "joined", "hello", "done", "survey", "rating", "thanks")
_PHRASES: Mapping[str, Sequence[str]] = {
    "en": ("Hi 👋 How can I help?", "I'd rather talk to a person.", "An agent has joined.", "Hello, I've read it all.",
           "Done. Anything else?", "How did we do, 1 to 5?", "5 ⭐", "Thanks!"),
    "de": ("Hallo 👋 Was kann ich für Sie tun?", "Ich möchte mit einem Menschen sprechen.", "Ein Kollege ist da.",
           "Guten Tag, ich habe alles gelesen.", "Erledigt. Noch etwas?", "Wie waren wir, 1 bis 5?", "4", "Danke!"),
    "fr": ("Bonjour 👋 Que puis-je faire pour vous ?", "Je préfère parler à quelqu'un.", "Un conseiller est là.",
           "Bonjour, j'ai tout lu.", "C'est fait. Autre chose ?", "Votre note, de 1 à 5 ?", "5", "Merci beaucoup !"),
    "es": ("¡Hola! 👋 ¿En qué le ayudo?", "Prefiero hablar con una persona.", "Ha llegado un agente.",
           "Hola, lo he leído todo.", "Hecho. ¿Algo más?", "¿Su nota, de 1 a 5?", "5 🙌", "¡Gracias!"),
    "pt": ("Oi! 👋 Como posso ajudar?", "Quero falar com uma pessoa.", "Um atendente entrou.", "Olá, já li tudo.",
           "Feito. Mais alguma coisa?", "Que nota nos dá, de 1 a 5?", "3", "Obrigada!"),
    "ja": ("こんにちは 👋 ご用件をどうぞ。", "担当の方とお話ししたいです。", "担当者が参加しました。",
           "内容を拝見しました。", "完了しました。ほかにございますか。", "5段階で評価をお願いします。", "5",
           "ありがとうございます。"),
    "ar": ("مرحبًا 👋 كيف أساعدك؟", "أريد التحدث مع موظف.", "انضم أحد الموظفين.", "أهلًا، قرأت كل شيء.",
           "تم. هل من شيء آخر؟", "ما تقييمك من 1 إلى 5؟", "4", "شكرًا لك!"),
    "pl": ("Cześć 👋 W czym mogę pomóc?", "Wolę porozmawiać z człowiekiem.", "Dołączył konsultant.",
           "Dzień dobry, wszystko przeczytałem.", "Gotowe. Coś jeszcze?", "Jaka ocena, od 1 do 5?", "5", "Dziękuję!"),
    "tr": ("Merhaba 👋 Nasıl yardımcı olabilirim?", "Bir insanla görüşmek istiyorum.", "Bir temsilci katıldı.",
           "Merhaba, hepsini okudum.", "Tamamdır. Başka?", "1'den 5'e puanınız?", "5 🎉", "Teşekkürler!"),
    "he": ("שלום 👋 איך אפשר לעזור?", "אני רוצה לדבר עם נציג.", "נציג הצטרף לשיחה.", "שלום, קראתי הכול.",
           "טופל. עוד משהו?", "איך היינו, מ־1 עד 5?", "5", "תודה רבה!"),
    "hi": ("नमस्ते 👋 मैं क्या मदद करूँ?", "मुझे किसी व्यक्ति से बात करनी है।", "एक सहायक जुड़ गए हैं।",
           "नमस्ते, मैंने सब पढ़ लिया।", "हो गया। और कुछ?", "1 से 5, कितने अंक?", "5 🙏", "धन्यवाद!"),
    "vi": ("Xin chào 👋 Tôi giúp gì được ạ?", "Tôi muốn gặp nhân viên.", "Nhân viên đã vào.",
           "Chào anh, tôi đã đọc hết.", "Xong rồi ạ. Còn gì nữa không?", "Từ 1 đến 5, mấy điểm ạ?", "4", "Cảm ơn!"),
    "ko": ("안녕하세요 👋 무엇을 도와드릴까요?", "상담원과 이야기하고 싶어요.", "상담원이 들어왔습니다.",
           "네, 모두 읽었습니다.", "처리했습니다. 더 있으신가요?", "1에서 5 중 몇 점인가요?", "5", "감사합니다!"),
}  # fmt: skip

START = "/start"
"""What a Telegram client sends when its user opens a chat with a bot."""

EDITED = "✏️"
"""What is added to a line that is changed."""
BUTTONS: Mapping[str, str] = {"yes": "Yes 👍", "no": "No 👎"}
"""The buttons that a bot offers: what a channel sends for each, and what stands on it."""
OFFER = " ".join(f"[{label}]" for label in BUTTONS.values())

ADVICE = "Suggested reply from the knowledge base, article 1184."
SUMMARY = "The customer asks for a person. What the bot tried did not help."


def phrase(locale: str, name: str) -> str:
    """A line of small talk in the locale's language."""
    return _PHRASES[locale.partition("-")[0]][_LINES.index(name)]
