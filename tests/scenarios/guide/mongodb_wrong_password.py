"""The password of the services' user is changed in MongoDB: who connects anew does not get in."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import depends, on_host, preview, status, up

FOLDER = "/opt/mech-services/shared/mongodb"
# By root's own way in, with the name that stands in it.
CHANGE = (
    f"user=$(grep -o 'mech-[0-9a-f]*' {FOLDER}/login.js); "
    '{ cat FOLDER/login.js; echo "db.adminCommand({\\"updateUser\\": \\"$user\\", \\"pwd\\": \\"other\\"})"; } | '
    "docker exec -i mongodb mongosh --quiet admin --file /dev/stdin; docker restart -t 2 mech-memories"
).replace("FOLDER", FOLDER)

SCENARIO = Scenario(
    title="MongoDB: wrong password",
    guide="MongoDB Connection Issues",
    breaks=on_host(
        CHANGE,
        "on the host: the services' user gets another password in `mongosh`, then `docker restart mech-memories`",
    ),
    cause="MONGODB_PASSWORD",
    symptom=(depends("memories", "mongodb", "MongoDB authentication failed at mongodb:27017", within_s=60),),
    seen=(
        preview("drift: mongodb: password: refused (declared: accepted)"),
        status("memories 503 failed: mongodb: MongoDB authentication failed at mongodb:27017"),
    ),
    heal=up(),
)
