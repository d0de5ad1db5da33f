from studyportal.imports.views import routes

app_name = "imports"
urlpatterns = routes()
