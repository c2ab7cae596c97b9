"""Go templates; what is expected was printed by docker 28.2 for the same values."""

import pytest

from pyminidocker.cli.template import Methods, TemplateError, parse

VALUE = {
    "Name": "/aa",
    "Size": 1982708,
    "Id": "c7dd7fdbc82f116e8a93",
    "State": {"Status": "running", "Pid": 5, "Running": True, "Error": ""},
    "NetworkSettings": {
        "Networks": {"b": {"IPAddress": "1.2"}, "a": {"IPAddress": "3.4"}},
        "Ports": {},
    },
    "Config": {
        "Env": ["A=1", "B=2"],
        "Cmd": ["sleep", "1"],
        "Entrypoint": None,
        "Volumes": {"/anon": {}},
        "Labels": {"com.x": "y"},
    },
    "HostConfig": {"Binds": None, "PidsLimit": None, "Ratio": 0.5, "Whole": 2.0},
    "Mounts": [{"Destination": "/data"}],
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{.State.Status}}", "running"),
        ("{{ .State.Running }} {{.State.Pid}}", "true 5"),
        ("{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}", "3.4 1.2 "),
        ("{{range $k, $v := .NetworkSettings.Networks}}{{$k}}={{$v.IPAddress}};{{end}}",
         "a=3.4;b=1.2;"),
        ("{{range $i, $e := .Config.Env}}{{if $i}}, {{end}}{{$e}}{{end}}", "A=1, B=2"),
        ("{{range $e := .Config.Env}}{{$e}} {{end}}", "A=1 B=2 "),
        ("{{range .NetworkSettings.Ports}}x{{else}}none{{end}}", "none"),
        ("{{range .Config.Env}}{{.}}{{break}}{{end}}", "A=1"),
        ('{{range .Config.Env}}{{if eq . "A=1"}}{{continue}}{{end}}{{.}}{{end}}', "B=2"),
        ("{{json .Config.Env}} {{json .Config.Entrypoint}}", '["A=1","B=2"] null'),
        ("{{ .Config | json }}",
         ('{"Env":["A=1","B=2"],"Cmd":["sleep","1"],"Entrypoint":null,"Volumes":{"/anon":{}},'
         '"Labels":{"com.x":"y"}}')),
        ('{{join .Config.Cmd " "}}', "sleep 1"),
        ('{{split .Name "a"}}', "[/  ]"),
        ('{{.State.Status | upper | printf "%10s|"}}', "   RUNNING|"),
        ("{{title .State.Status}} {{lower .State.Status}}", "Running running"),
        ('{{if eq .State.Status "running"}}up{{else}}down{{end}}', "up"),
        ("{{if gt .State.Pid 6}}a{{else if eq .State.Pid 5}}b{{else}}c{{end}}", "b"),
        ("{{if .State.Error}}bad{{else}}good{{end}}", "good"),
        ('{{index .Config.Labels "com.x"}} {{index .Config.Env 1}}', "y B=2"),
        ('[{{index .Config.Labels "no"}}]', "[]"),
        ("{{(index .Mounts 0).Destination}} {{len .Mounts}}", "/data 1"),
        ("{{.Config.Env}} {{.Config.Labels}}", "[A=1 B=2] map[com.x:y]"),
        ("{{.Config.Volumes}} {{.Config.Entrypoint}} {{.Config.ExposedPorts}}",
         "map[/anon:{}] [] map[]"),
        ("{{.HostConfig.Binds}} {{.HostConfig.PidsLimit}}", "[] <nil>"),
        ("{{.HostConfig.Ratio}} {{.HostConfig.Whole}}", "0.5 2"),
        ('{{with .Config.Labels}}{{index . "com.x"}}{{end}}', "y"),
        ("{{println .Name}}", "/aa\n"),
        ("{{slice .Id 0 12}}", "c7dd7fdbc82f"),
        ("{{slice .Name 1}}", "aa"),
        ("{{truncate .Id 4}}", "c7dd"),
        ("{{pad .Name 1 2}}|", " /aa  |"),
        ('{{printf "%s-%d-%v-%q-%5.1f%%" .Name .State.Pid .State.Running "x" 2.25}}',
         '/aa-5-true-"x"-  2.2%'),
        ("{{print 1 2 .Name 3}}", "1 2/aa3"),
        ("a {{- 3 -}} b", "a3b"),
        ("{{/* a comment */}}x", "x"),
        ("{{$x := 3}}{{$x}}{{$x = 4}}{{$x}}", "34"),
        ("{{$}}".replace("$", "$.Name"), "/aa"),
        ("{{with .State}}{{$.Name}}{{end}}", "/aa"),
        ("{{not true}} {{and 1 0}} {{or 0 2}} {{or .State.Error .Name}}", "false 0 2 /aa"),
        ("{{and false (index .Config.Env 99)}}", "false"),
        ('{{ne .Name "x"}} {{lt 1 2}} {{le 2 2}} {{ge 1 2}}', "true true true false"),
        ('{{eq .Name "x" "/aa"}}', "true"),
        ("{{`raw\\n`}}", "raw\\n"),
        ("no action", "no action"),
        ("", ""),
    ],
)  # fmt: skip
def test_rendering(template, text):
    assert parse(template).render(VALUE) == text


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{.State", "template: :1: unclosed action"),
        ("{{foo}}", 'template: :1: function "foo" not defined'),
        ("{{if}}", "template: :1: missing value for if"),
        ("{{range .Config.Env}}", "template: :1: unexpected EOF"),
        ("{{end}}", "template: :1: unexpected {{end}}"),
        ("{{$x}}", 'template: :1: undefined variable "$x"'),
        ('{{"abc}}', "template: :1: unterminated quoted string"),
        ("{{define}}", "template: :1: {{define}} is not supported here"),
    ],
)
def test_templates_that_are_none(template, message):
    with pytest.raises(TemplateError) as caught:
        parse(template)
    assert str(caught.value) == message


AT = 'template: :1:{}: executing "" at <{}>: {}'


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{.Foo}}", AT.format(2, ".Foo", 'map has no entry for key "Foo"')),
        ("{{.State.Foo}}", AT.format(8, ".State.Foo", 'map has no entry for key "Foo"')),
        ("{{nil}}", AT.format(2, "nil", "nil is not a command")),
        ("{{.State.Status.Foo}}",
         AT.format(8, ".State.Status.Foo", "can't evaluate field Foo in type interface {}")),
        ("{{index .Config.Env 9}}",
         AT.format(2, "index .Config.Env 9", "error calling index: index out of range: 9")),
        ("{{upper 3}}", AT.format(
            2, "upper 3",
            "error calling upper: wrong type for value; expected string; got int")),
    ],
)  # fmt: skip
def test_values_that_do_not_fit(template, message):
    with pytest.raises(TemplateError) as caught:
        parse(template).render(VALUE)
    assert str(caught.value) == message


def test_rows_of_a_listing_have_methods():
    row = Methods("formatter.X", {"ID": lambda: "1", "Label": lambda name: f"<{name}>"})
    assert parse('{{.ID}} {{.Label "a"}} {{"b" | .Label}} {{json .}}').render(row) == (
        '1 <a> <b> {"ID":"1"}'
    )
    with pytest.raises(TemplateError, match=r"can't evaluate field Foo in type \*formatter\.X"):
        parse("{{.Foo}}").render(row)
