# What a trader said by field of the values that it refused.

import venues.serving.fields
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('riskcontrol', '0002_refusals'),
    ]

    operations = [
        migrations.AddField(
            model_name='risksettings',
            name='refused_fields',
            field=venues.serving.fields.ExactJSONField(default=dict, help_text='What it said by field, for each of them.'),
        ),
    ]
