import pytest
from django.contrib.auth import get_user_model
from django.db import connection


@pytest.mark.django_db
def test_role(as_owner):
    c = connection.cursor()
    c.execute("select current_user")
    assert c.fetchone() == ("studyportal_app",)
    with as_owner():
        c.execute("select current_user")
        assert c.fetchone() == ("studyportal_owner",)
    c.execute("select current_user")
    assert c.fetchone() == ("studyportal_app",)


@pytest.mark.django_db(transaction=True)
def test_flush():
    get_user_model().objects.create_user("x")


@pytest.mark.django_db
def test_after():
    assert get_user_model().objects.count() == 0
    c = connection.cursor()
    c.execute("select current_user")
    assert c.fetchone() == ("studyportal_app",)
