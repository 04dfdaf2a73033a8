# ruff: noqa: RUF001  # the sample speaks languages whose letters and punctuation look like Latin ones
"""What is said in the sample month, by whom and in which order. Every name is invented."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

STORIES: Mapping[str, str] = {
    # "who what" in order; every story begins with the conversation's start.
    "silent": "bot greeting",
    "announced": "",
    "resolved": "bot greeting, customer question, bot answer, customer thanks, bot end",
    "abandoned": "bot greeting, customer question, bot answer",
    "escalated": "bot greeting, customer question, bot answer, customer wants_human, bot escalate, system joined, "
    "agent hello, customer question, agent done, customer thanks, customer end",
    "waiting": "bot greeting, customer question, customer wants_human, bot escalate, customer question",
    "human": "customer question, system joined, agent hello, agent answer, customer thanks, agent end",
    "assisted": "customer question, system joined, assistant advice, agent hello, assistant answer, agent answer, "
    "customer thanks, agent end",
    "assisted_bot": "bot greeting, customer wants_human, bot escalate, system joined, assistant advice, agent hello, "
    "agent done, customer thanks, agent end",
    "survey": "customer question, system joined, agent hello, agent answer, bot survey, customer rating, agent end",
    "stuck": "customer question, agent hello, bot answer, customer wants_human, bot escalate, agent done, agent end",
    "expert": "expert greeting, customer question, expert answer, customer thanks, expert end",
    "taken_over": "bot greeting, customer question, bot refer, expert answer, customer thanks, expert end",
    "twice_escalated": "bot greeting, customer question, bot refer, expert answer, customer wants_human, "
    "expert escalate, agent hello, agent done, customer thanks, agent end",
    "two_voices": "bot greeting, customer question, bot answer, expert survey, customer rating, bot end",
}
"""A human agent and the system are heard in CloudEvents only: their words do not pass a bot's webhook."""


@dataclass(frozen=True)
class Part:
    """So many conversations of one story on one channel; `at` fixes the start, else it is any day's business hour."""

    account: str
    channel: str
    story: str
    count: int = 1
    at: str | None = None
    variables: Mapping[str, str | int] | None = None
    work_stream: str | None = None


_CARD = {"BotHandoffTopic": "CreditCard"}

PLAN: Mapping[str, Sequence[Part]] = {
    "contoso": (
        Part("contoso-chat", "webchat", "resolved", at="2026-09-30T23:58:40Z"),  # its start is September's, in UTC
        Part("contoso-app", "app", "resolved", at="2026-10-01T00:00:00Z"),
        Part("contoso-app", "app", "escalated", at="2026-10-31T23:58:00Z"),
        Part("contoso-app", "app", "survey", at="2026-10-31T23:59:50Z", variables=_CARD),  # the bot comes in November
        Part("contoso-chat", "webchat", "resolved", 29),
        Part("contoso-chat", "webchat", "escalated", 16),
        Part("contoso-chat", "webchat", "waiting", 6),
        Part("contoso-chat", "webchat", "abandoned", 6),
        Part("contoso-chat", "webchat", "silent", 4),
        Part("contoso-app", "app", "resolved", 9),
        Part("contoso-app", "app", "announced", 2),
        Part("contoso-app", "app", "escalated", 9),
        Part("contoso-app", "app", "human", 7, variables=_CARD),
        Part("contoso-app", "app", "assisted", 7, variables={"BotHandoffTopic": "HomeLoan", "Age": 44}),
        Part("contoso-app", "app", "assisted_bot", 1),
    ),
    "fabrikam": (
        Part("fabrikam-app", "app", "resolved", at="2026-09-30T21:40:00Z"),  # September in Berlin too
        Part("fabrikam-web", "webchat", "resolved", at="2026-09-30T22:30:00Z"),  # October in Berlin
        Part("fabrikam-app", "app", "abandoned", at="2026-10-31T22:40:00Z"),
        Part("fabrikam-app", "backoffice", "survey", at="2026-10-31T22:59:50Z"),  # the bot comes in Berlin's November
        Part("fabrikam-web", "webchat", "escalated", at="2026-10-31T23:30:00Z"),  # November in Berlin
        Part("fabrikam-web", "webchat", "resolved", 16),
        Part("fabrikam-web", "webchat", "escalated", 9),
        Part("fabrikam-web", "webchat", "abandoned", 4),
        Part("fabrikam-web", "webchat", "taken_over", 6),
        Part("fabrikam-web", "webchat", "two_voices", 4),
        Part("fabrikam-web", "backoffice", "human", 3),
        Part("fabrikam-app", "app", "resolved", 9),
        Part("fabrikam-app", "app", "escalated", 9),
        Part("fabrikam-app", "app", "expert", 4, variables={"BotHandoffTopic": "Technical"}),
        Part("fabrikam-app", "app", "taken_over", 6),
        Part("fabrikam-app", "app", "twice_escalated", 4),
        Part("fabrikam-app", "app", "human", 3, variables={"BotHandoffTopic": "Return", "OrderValue": 1499}),
        Part("fabrikam-app", "app", "human", 3, work_stream="BackOfficeWorkStream"),
        Part("fabrikam-app", "backoffice", "assisted", 8),
        Part("fabrikam-app", "app", "assisted_bot", 2),
        Part("fabrikam-app", "backoffice", "survey", 3),
        Part("fabrikam-app", "backoffice", "stuck", 2),  # an escalation without effect: the work stream is pick
    ),
}

CONTEXTS: Mapping[str, Sequence[Mapping[str, str | int]]] = {
    "contoso": (
        _CARD,
        _CARD,
        {"BotHandoffTopic": "HomeLoan", "Age": 34},
        {"BotHandoffTopic": "Mortgage", "Age": 61},
        {"BotHandoffTopic": "HomeLoan", "Age": 17},  # a minor: the fallback queue
        {"BotHandoffTopic": "CreditCar"},  # the typing error that copied code is known for
        {"BotHandoffTopic": "Mortgage", "Age": "61"},  # text where a number is declared: a warning
    ),
    "fabrikam": (
        {"BotHandoffTopic": "Order", "OrderValue": 89},
        {"BotHandoffTopic": "Return", "OrderValue": 2350},
        {"BotHandoffTopic": "Invoice"},  # no rule knows it
        {},  # says nothing: the first line's human takes it
    ),
}
"""What a bot says when it escalates."""

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
}  # fmt: skip

ADVICE = "Suggested reply from the knowledge base, article 1184."
SUMMARY = "The customer asks for a person. What the bot tried did not help."

CUSTOMERS: Sequence[str] = (
    "Mina Sørensen", "Tomás Quiroga", "Aylin Demirtaş", "Jules Perrault", "Hana Kobayakawa", "Piotr Zawilski",
    "Layla Mansouri", "Otto Brandtner", "Bea O'Hallow", "Rui Penedo", "Greta Lindqvist", "Samir Haddadi",
)  # fmt: skip


BOTS: Mapping[tuple[str, str], tuple[str, str, str]] = {
    ("contoso", "bot"): ("contoso-bot", "7d0cae1c-0000-4000-8000-000000000001", "Contoso bot"),
    ("fabrikam", "bot"): ("fabrikam-bot", "3f9ad2b4-0000-4000-8000-000000000002", "Fabrikam bot"),
    ("fabrikam", "expert"): ("fabrikam-expert", "91c07e5a-0000-4000-8000-000000000003", "Fabrikam expert"),
}
"""Id, app id and name, as the examples declare them."""
AGENTS: Mapping[str, tuple[str, str]] = {"contoso": ("ana", "Ana"), "fabrikam": ("emre", "Emre")}


def phrase(locale: str, name: str) -> str:
    """A line of small talk in the locale's language."""
    return _PHRASES[locale.partition("-")[0]][_LINES.index(name)]
