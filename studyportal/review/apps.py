from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "studyportal.review"
    label = "review"
