# The trader's one sentence becomes one for each refused field.

import venues.serving.fields
from django.db import migrations


def for_each_field(apps, schema_editor):
    RiskSettings = apps.get_model("riskcontrol", "RiskSettings")
    for settings in RiskSettings.objects.exclude(refusal=""):
        settings.refusals = {name: settings.refusal for name in settings.refused}
        settings.save(update_fields=["refusals"])


def for_all_fields(apps, schema_editor):
    RiskSettings = apps.get_model("riskcontrol", "RiskSettings")
    for settings in RiskSettings.objects.all():
        settings.refusal = " ".join(dict.fromkeys(settings.refusals.values()))[:500]
        settings.save(update_fields=["refusal"])


class Migration(migrations.Migration):

    dependencies = [
        ('riskcontrol', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='risksettings',
            name='refusals',
            field=venues.serving.fields.ExactJSONField(default=dict, help_text="The trader's sentence for each of them."),
        ),
        migrations.RunPython(for_each_field, for_all_fields),
        migrations.RemoveField(model_name='risksettings', name='refusal'),
    ]
