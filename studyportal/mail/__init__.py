"""Mails to people: one way for digests, reminders and alerts.

    mail.kinds.register(Kind("queries.digest", …))                     # in ready() of the app that writes it
    mail.actions.tell(kind, user=, on=, subject=, body=) -> bool       # at most once a day for a person, if wanted
    mail.actions.hand_over(to=[…], subject=, body=, attachments=())    # to addresses, whatever anybody chose

Both go through the queue, where they are tried until they are sent. A mail holds codes, times and numbers: never a name,
a birth date, a contact, or words that somebody typed.
"""
