"""The chart of ``deploy/helm``: by helm where it is, by Kubernetes' own schemas, and by the program.

What helm makes is kept in ``rendered/`` (``tests/parts/charts.py``).
"""

import json
import shutil
import zipfile
from pathlib import Path

import jsonschema_rs
import msgspec
import pytest
import yaml

from kb import settings as settings_module
from kb.cli.embedder import check
from kb.files.places import SIGNING, imported_folder, uploads_folder
from tests.parts import charts
from tests.parts.charts import CHART, LEAST, NAMES, RULE, VALUES
from tests.parts.processes import missing
from tests.parts.weights import KEPT

STRICT = "kubernetes_validate/kubernetes-json-schema/v{}-local-strict/"
"""Where the package has the schemas of a version that know of no other fields."""
OLDEST, NEWEST = "1.27.0", "1.37.0"
OWN = {"run", "logs", "scratch", "index", "catalog.sqlite3"}
"""What a pod has to itself, or what is in PostgreSQL and Qdrant there."""
WITH_HELM = pytest.mark.skipif(shutil.which("helm") is None, reason="helm (https://helm.sh)")
WRONG = [
    {"web": {"replicas": "two", "resources": {}, "scratch": "1Gi"}},
    {"replicas": 2},
    {"settings": {"KB_LLM__API_KEY": "it would stand in every pod's settings"}},
    {"publicUrl": "kb.example.org"},
    {"image": {}},
    {"secret": {"name": "x", "files": {"KB_CATALOG__URL": "catalog-url"}}},
    {"network": {"ingressFrom": []}},
    {"documents": [{"name": "../etc", "claim": "x"}]},
]


def rendered(name):
    """What helm made of an installation's values, by kind and name."""
    found = [one for one in yaml.safe_load_all(charts.kept(name)[1]) if one]
    return {(one["kind"], one["metadata"]["name"]): one for one in found}


def pods(objects):
    of = [one for (kind, _), one in objects.items() if kind == "Deployment"]
    return [one["spec"]["template"]["spec"] for one in of]


@pytest.mark.parametrize("name", VALUES)
def test_what_is_kept_was_made_of_this_chart(name):
    assert charts.kept(name)[0] == charts.digest(name), "python -m tests.parts.charts"


@WITH_HELM
@pytest.mark.parametrize("name", VALUES)
def test_helm_finds_nothing_wrong_and_makes_what_is_kept(tmp_path, name):
    linted = charts.helm("lint", VALUES[name], tmp_path, "--strict")
    assert linted.returncode == 0, linted.stdout + linted.stderr
    assert charts.template(name, tmp_path) == charts.kept(name)[1]


@pytest.fixture(scope="module")
def kubernetes():
    """Kubernetes' own schemas of a version, in a package of data; strict ones know no other fields."""
    package = next(KEPT.glob("kubernetes_validate-*.whl"), None)
    if package is None:
        missing(f"the schemas of Kubernetes in {KEPT} (see .ci/run)")

    def of(version, kinds):
        """Those of these kinds' files, and the definitions, which these name by their path."""
        with zipfile.ZipFile(package) as content:
            read = {
                name: json.loads(content.read(f"{STRICT.format(version)}{name}.json"))
                for name in (*kinds, "_definitions")
            }
        return jsonschema_rs.Registry(
            [(f"kube:///api/{name}.json", schema) for name, schema in read.items()]
        )

    return of


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_kubernetes_knows_every_field(kubernetes, version):
    objects = [one for name in VALUES for one in rendered(name).values()]
    registry = kubernetes(version, {schema_of(one) for one in objects})
    for one in objects:
        schema = {"$ref": f"kube:///api/{schema_of(one)}.json"}
        checked = jsonschema_rs.validator_for(schema, registry=registry)
        assert [e.message for e in checked.iter_errors(one)] == [], one["kind"]
        if "spec" in one:
            misspelt = one | {"spec": one["spec"] | {"misspelt": 1}}
            assert list(checked.iter_errors(misspelt)), "the schema is really asked"


def schema_of(one):
    group, _, release = one["apiVersion"].rpartition("/")
    return "-".join(filter(None, (one["kind"].lower(), group.partition(".")[0], release)))


def test_the_program_takes_its_settings(tmp_path):
    made = rendered("all")["ConfigMap", "kb-commonplace"]["data"]
    secrets = {"catalog-url": "postgresql+psycopg://kb@db/kb", "index-key": "a key"}
    for key, text in secrets.items():
        (tmp_path / key).write_text(text)
        assert text not in made.values()
    environment = {n: text.replace("/run/secrets", str(tmp_path)) for n, text in made.items()}
    taken = settings_module.load(environment=environment)
    assert taken.catalog.url == secrets["catalog-url"]
    assert taken.index.api_key == secrets["index-key"]
    assert (taken.index.backend, taken.index.url) == ("server", LEAST["indexUrl"])
    assert taken.llm.model == "mistral"
    assert taken.fair_use.answers_at_once == 3
    assert taken.server.public_url == LEAST["publicUrl"]
    assert taken.server.trusted_proxies == ("10.0.0.0/8",)
    assert taken.backup.folder == "/backup/commonplace"


@pytest.mark.parametrize("name", VALUES)
def test_no_container_may_more_than_it_has_to(name):
    for pod in pods(rendered(name)):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        for container in (*pod["initContainers"], *pod["containers"]):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["limits"]["memory"]


def test_documents_are_mounted_to_be_read_only():
    for pod in pods(rendered("all")):
        claims = [v["persistentVolumeClaim"] for v in pod["volumes"] if "documents" in v["name"]]
        assert claims == [{"claimName": c, "readOnly": True} for c in ("handbook", "law")]
        mounts = pod["containers"][0]["volumeMounts"]
        places = {m["mountPath"]: m.get("readOnly") for m in mounts if "documents" in m["name"]}
        assert places == {"/documents/handbook": True, "/documents/law": True}


def test_nothing_goes_out_but_where_the_values_say():
    objects = rendered("all")
    every = objects["NetworkPolicy", "kb-commonplace"]["spec"]
    pod = objects["Deployment", "kb-commonplace-worker"]["spec"]["template"]["metadata"]["labels"]
    assert every["podSelector"]["matchLabels"].items() <= pod.items()
    assert every["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in every
    resolver, given = every["egress"]
    assert {port["port"] for port in resolver["ports"]} == {53}
    assert given == RULE
    web = objects["NetworkPolicy", "kb-commonplace-web"]["spec"]
    assert web["policyTypes"] == ["Ingress"]
    assert [set(one) for one in web["ingress"][0]["from"]] == [{"namespaceSelector"}]


def test_pods_that_embed_are_reached_by_the_others_and_know_no_secret_but_the_key(tmp_path):
    objects = rendered("distant")
    pod = objects["Deployment", "kb-commonplace-embedder"]["spec"]["template"]["spec"]
    secrets = next(one["secret"] for one in pod["volumes"] if "secret" in one)
    assert [one["key"] for one in secrets["items"]] == ["embedder-key"]
    (tmp_path / "embedder-key").write_text("0123456789abcdef")
    (tmp_path / "catalog-url").write_text("")
    (tmp_path / "index-key").write_text("")

    def settings(environment):
        here = {n: text.replace("/run/secrets", str(tmp_path)) for n, text in environment.items()}
        return settings_module.load(environment=here)

    embeds = settings({one["name"]: one["value"] for one in pod["containers"][0]["env"]})
    asks = settings(objects["ConfigMap", "kb-commonplace"]["data"])
    assert embeds.engines.embedder_key == asks.engines.embedder_key == "0123456789abcdef"
    assert embeds.embedding.models == asks.embedding.models == ("english",)
    check(embeds, msgspec.structs.replace(embeds.server, host="0.0.0.0"))
    (address,) = asks.engines.embedder_url
    service = objects["Service", address.removeprefix("http://").partition(":")[0]]
    assert address.endswith(f":{service['spec']['ports'][0]['port']}")
    out = objects["NetworkPolicy", "kb-commonplace"]["spec"]["egress"][-1]
    to = objects["NetworkPolicy", "kb-commonplace-embedder"]["spec"]
    assert out["to"][0]["podSelector"] == to["podSelector"]
    assert out["ports"] == to["ingress"][0]["ports"]


def test_without_a_resolver_no_name_is_asked_of_anybody():
    objects = rendered("closed")
    assert not objects["NetworkPolicy", "kb-commonplace"]["spec"].get("egress")
    for pod in pods(objects):
        assert pod["dnsPolicy"] == "None"
        assert pod["dnsConfig"] == {"nameservers": ["127.0.0.1"]}
        assert pod["hostAliases"] == NAMES


def test_pods_share_what_the_catalog_refers_to(furnished):
    """What a knowledge base that was used has in its data directory is shared, or of one pod."""
    given = {uploads_folder(Path()).name, imported_folder(Path()).name, SIGNING}
    found = {path.name for path in (furnished / "data").iterdir()} | given
    assert "blobs" in found
    for pod in pods(rendered("least")):
        mounts = pod["containers"][0]["volumeMounts"]
        shared = {one["mountPath"] for one in mounts if one["name"] == "data"}
        made = pod["initContainers"][0]["args"][-1].split()
        assert {f"/data/{name}" for name in found - OWN} <= shared
        assert {place.replace("/data/", "/shared/") for place in shared} <= set(made)


def test_a_path_of_a_host_reaches_the_ingress():
    rule = rendered("closed")["Ingress", "kb-commonplace"]["spec"]["rules"][0]
    assert rule["host"] == "example.org"
    assert rule["http"]["paths"][0]["path"] == "/kb"


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_the_schema_refuses_wrong_values(wrong):
    """Helm asks it of the values laid over the chart's own."""
    own = yaml.safe_load((CHART / "values.yaml").read_text())
    checked = jsonschema_rs.validator_for(json.loads((CHART / "values.schema.json").read_text()))
    assert checked.is_valid(own | LEAST)
    assert not checked.is_valid(own | LEAST | wrong)


@WITH_HELM
@pytest.mark.parametrize("wrong", WRONG[1:4], ids=str)
def test_helm_refuses_them_before_anything_is_installed(tmp_path, wrong):
    done = charts.helm("template", LEAST | wrong, tmp_path, "kb")
    assert done.returncode != 0
    assert "values don't meet the specifications of the schema" in done.stderr
