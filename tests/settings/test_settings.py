"""Settings: layers, names, mistakes."""

import pytest

from kb.errors import ConfigurationError
from kb.settings import load
from kb.settings.loading import LISTS


def test_layers_in_order(tmp_path):
    config = tmp_path / "kb.toml"
    config.write_text("[server]\nport = 1111\nhost = '::1'\n[llm]\nmodel = 'a'\n")
    found = load(
        {"server.port": 3333},
        {"KB_CONFIG": str(config), "KB_SERVER__PORT": "2222", "KB_LLM__MODEL": "b"},
    )
    assert (found.server.port, found.server.host, found.llm.model) == (3333, "::1", "b")


def test_a_secret_may_stand_in_a_file(tmp_path):
    (tmp_path / "key").write_text("hush\n")
    found = load({}, {"KB_INDEX__API_KEY_FILE": str(tmp_path / "key")})
    assert found.index.api_key == "hush"


def test_an_unknown_key_is_named_with_file_and_nearest(tmp_path):
    config = tmp_path / "kb.toml"
    config.write_text("[server]\nprot = 1\n")
    with pytest.raises(ConfigurationError) as error:
        load({}, {"KB_CONFIG": str(config)})
    assert "server.prot" in error.value.message
    assert str(config) in error.value.message
    assert "server.port" in error.value.message


def test_an_unknown_environment_variable_is_named():
    with pytest.raises(ConfigurationError, match="KB_LLM__MODLE"):
        load({}, {"KB_LLM__MODLE": "x"})


@pytest.mark.parametrize("value", ["x", "99999999", "-1"])
def test_a_wrong_value_is_named_with_its_place(tmp_path, value):
    config = tmp_path / "kb.toml"
    config.write_text(f"[server]\nport = '{value}'\n")
    with pytest.raises(ConfigurationError) as error:
        load({}, {"KB_CONFIG": str(config)})
    assert "server.port" in error.value.message
    assert str(config) in error.value.message


def test_a_section_given_as_a_value_is_a_mistake(tmp_path):
    config = tmp_path / "kb.toml"
    config.write_text("server = 5\n")
    with pytest.raises(ConfigurationError, match="server"):
        load({}, {"KB_CONFIG": str(config)})


def test_broken_toml_is_named(tmp_path):
    config = tmp_path / "kb.toml"
    config.write_text("[server\n")
    with pytest.raises(ConfigurationError, match="kb.toml"):
        load({}, {"KB_CONFIG": str(config)})


OF_A_KIND = {
    "auth.system_names": ("ldap", "header"),
    "engines.embedder_url": ("http://gpu.lan:8001", "https://other.lan"),
    "ingest.office_hours": ("mon-fri 08:00-18:00", "sat 22:00-06:00"),
}
"""Of lists in which not anything may stand."""


@pytest.mark.parametrize("name", sorted(LISTS))
def test_every_list_may_stand_in_the_environment(name):
    section, key = name.split(".")
    values = OF_A_KIND.get(name, ("one", "two"))
    given = {f"KB_{section}__{key}".upper(): ", ".join(values)}
    assert getattr(getattr(load({}, given), section), key) == values


def test_allowed_hosts_from_the_environment():
    assert load({}, {"KB_SERVER__ALLOWED_HOSTS": "a.example, b.example"}).server.allowed_hosts == (
        "a.example",
        "b.example",
    )


@pytest.mark.parametrize(
    "value", ["8-18", "mon-fri 8-18", "mon-fry 08:00-18:00", "mon 08:00-25:00", "mon 08:00-18:00\n"]
)
def test_office_hours_that_are_none_are_refused_with_an_example(tmp_path, value):
    config = tmp_path / "kb.toml"
    config.write_text(f'[ingest]\noffice_hours = ["{value.replace(chr(10), chr(92) + "n")}"]\n')
    with pytest.raises(ConfigurationError) as error:
        load({}, {"KB_CONFIG": str(config)})
    assert error.value.code == "wrong_setting"
    assert error.value.detail == {"key": "ingest.office_hours", "where": str(config)}
    assert "mon-fri 08:00-18:00" in error.value.message


@pytest.mark.parametrize(("threads", "bound"), [(-1, ">= 0"), (513, "<= 512"), (10**6, "<= 512")])
def test_threads_beyond_a_bound_are_refused(threads, bound):
    assert load({"embedding.threads": 512}, {}).embedding.threads == 512
    with pytest.raises(ConfigurationError, match="embedding.threads has a wrong value") as error:
        load({"embedding.threads": threads}, {})
    assert bound in error.value.message


@pytest.mark.parametrize("key", ["processors", "office_processors"])
def test_fewer_than_no_processors_are_refused(key):
    with pytest.raises(ConfigurationError, match=f"ingest.{key}"):
        load({f"ingest.{key}": -1}, {})


@pytest.mark.parametrize(
    ("variable", "wanted"),
    [
        ("KB_EMBEDDING__RUNTIME", "it wants auto or openvino or torch"),
        ("KB_EMBEDDING__DEVICE", "it wants auto or cpu or cuda or mps"),
        ("KB_INDEX__BACKEND", "it wants edge or server"),
        ("KB_AUTH__SYSTEM_NAMES", "it wants header or ldap or oidc"),
        ("KB_LANGUAGE", "it wants de or en or es or fr or it"),
    ],
)
def test_a_word_that_is_none_of_some_names_those(variable, wanted):
    with pytest.raises(ConfigurationError, match=wanted):
        load(environment={variable: "onnx"})


def test_embedders_of_other_hosts_and_their_key(tmp_path):
    (tmp_path / "key").write_text("sixteen-at-least\n")
    told = {
        "KB_ENGINES__EMBEDDER_URL": "http://gpu.lan:8001, https://[2001:db8::1]/embedder/",
        "KB_ENGINES__EMBEDDER_KEY_FILE": str(tmp_path / "key"),
    }
    found = load({}, told).engines
    assert found.embedder_url == ("http://gpu.lan:8001", "https://[2001:db8::1]/embedder/")
    assert found.embedder_key == "sixteen-at-least"


@pytest.mark.parametrize(
    "address",
    ["gpu.lan:8001", "ftp://gpu.lan", "http://", "http://kb:pw@gpu.lan", "http://gpu.lan/?a=b",
     "http://gpu.lan:port", "http://gpu.lan/ /", "http://gpu.lan\nhost: other"],
)  # fmt: skip
def test_an_address_with_a_password_or_without_a_host_is_none(address):
    with pytest.raises(ConfigurationError, match="engines.embedder_url") as error:
        load({"engines.embedder_url": [address]}, {})
    assert "http://gpu.example.org:8001" in error.value.message


@pytest.mark.parametrize(
    "key", ["short", "with a blank in it", "with-a-line\nbelow-it", "schlüsselschlüssel"]
)
def test_a_key_that_is_none_is_not_shown(key):
    with pytest.raises(ConfigurationError, match="engines.embedder_key") as error:
        load({"engines.embedder_key": key}, {})
    assert key not in error.value.message
    assert key not in str(error.value.detail)
