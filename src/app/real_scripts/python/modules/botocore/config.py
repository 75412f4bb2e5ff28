"""Settings of clients, which change nothing here."""


class Config:
    def __init__(self, **settings):
        self.__dict__.update(settings)
