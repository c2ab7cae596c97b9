"""Lesson 14: what is asked, before an experiment, after a fault, and at the end."""

from __future__ import annotations

from pyminidocker.teach.plan import Option, Question

PREDICTIONS = (
    Question(
        "pieces",
        "`atlas:1` has three layers. You push it to an empty registry. How many things does the "
        "registry store?",
        (
            Option(
                "One: the image",
                "That would be so if an image were a file, as an archive made by `save` is. A "
                "registry takes an image apart, so that parts can be shared.",
                "image-is-one-file",
                when=1,
            ),
            Option(
                "Three: the layers",
                "That would be enough if layers said what to run, and which layers belong "
                "together. Something has to keep that as well.",
                "image-is-one-file",
                when=3,
            ),
            Option(
                "Five: the layers, the configuration and a list",
                "The list is the manifest. It names the configuration and the layers by digest.",
                when=5,
            ),
        ),
    ),
    Question(
        "second-push",
        "`atlas:2` differs from `atlas:1` in one small file, which has a layer of its own. You "
        "push it to the registry that has `atlas:1`. How many of its three layers are sent?",
        (
            Option(
                "One",
                "For each layer the engine asks: is that digest there? Only what is missing is "
                "sent.",
                when=1,
            ),
            Option(
                "Three",
                "That would be so if a tag owned its layers. The registry knows them by digest, "
                "and two of them are there.",
                "push-sends-all",
                when=3,
            ),
            Option(
                "None: only what has changed in that file",
                "That would be so if bytes were compared. Layers are compared, and a changed file "
                "makes another layer.",
                "image-is-one-file",
                when=0,
            ),
        ),
    ),
    Question(
        "lent",
        "The registry has `atlas:1`. You push the same image to another repository, `team/atlas`. "
        "How many of its three layers are sent?",
        (
            Option(
                "Three: a repository has its own content",
                "That would be so if the engine did not say where the layers are. It does, and the "
                "registry lends them.",
                "repository-has-copies",
                when=3,
            ),
            Option(
                "None",
                "The registry has the content; the other repository gets the right to hand it out.",
                when=0,
            ),
            Option(
                "One: the topmost",
                "That would be so if the layers below were base images that everybody has. The "
                "registry treats all layers alike.",
                "push-sends-all",
                when=1,
            ),
        ),
    ),
    Question(
        "same-name",
        "`moon` has pulled `atlas:latest`, which was version 2. Now you push version 3 as "
        "`atlas:latest`. What does a new container of `atlas:latest` on `moon` print?",
        (
            Option(
                "3 euro",
                "That would be so if `run` asked the registry each time. It looks for the name "
                "among the images of its own host, and asks only when there is none.",
                "run-asks-registry",
                when="3 euro",
            ),
            Option(
                "An error, because the image has changed",
                "That would be so if somebody compared the two. Nobody does, as long as nobody "
                "pulls.",
                "run-asks-registry",
                when="error",
            ),
            Option(
                "2 euro",
                "On moon the name still stands for what was pulled. In the registry it stands for "
                "something else.",
                when="2 euro",
            ),
        ),
    ),
)

DIAGNOSES = (
    Question(
        "moved_tag",
        "`moon` pulls `atlas:latest`, without an error, and gets an old price. What is the cause?",
        (
            Option(
                "moon took an old image of its own instead of pulling",
                "That would be so if nothing had been fetched. The registry saw the pull, and what "
                "it answered.",
                "run-asks-registry",
            ),
            Option(
                "The tag stands for the manifest of version 1 now",
                "latest and 1 have the same digest. Whoever may push may move any tag, also back.",
            ),
            Option(
                "The registry lost version 2",
                "That would be so if its digest were unknown there. It is still in the list, under "
                "its own tag.",
                "tag-is-identity",
            ),
            Option(
                "latest is always the newest, so version 1 was built last",
                "That would be so if latest were computed. It is a tag as any other: somebody "
                "writes it.",
                "tag-is-identity",
            ),
        ),
    ),
    Question(
        "flipped_byte",
        "The registry hands out a layer, all of its bytes arrive, and `moon` refuses it. What is "
        "the cause?",
        (
            Option(
                "Bytes got lost on the way",
                "That would be so if fewer bytes arrived than the manifest says. The number is "
                "right.",
                "registry-is-trusted",
            ),
            Option(
                "The manifest was exchanged",
                "That would be so if its own digest had changed. It is the one that the push "
                "answered.",
                "tag-is-identity",
            ),
            Option(
                "moon may not read this repository",
                "That would be so if the registry had answered with 401 or 403. It answered 200.",
                "registry-is-trusted",
            ),
            Option(
                "The content is not what its name says",
                "The name of a blob is its digest. moon computes it again from what arrives, and "
                "gets another one.",
            ),
        ),
    ),
)

QUIZ = (
    Question(
        "q-deploy",
        "You tested an image and want ten servers to run exactly that one, also next month. What "
        "do you write into their configuration?",
        (
            Option(
                "The digest, as in `shop/atlas@sha256:...`",
                "It is computed from the content, so it cannot stand for anything else.",
            ),
            Option(
                "A tag with a version, such as `shop/atlas:2.1`",
                "That would be enough if tags could not be moved. This one may be pushed again "
                "tomorrow, by mistake or on purpose.",
                "tag-is-identity",
            ),
            Option(
                "`shop/atlas:latest`, so that they are up to date",
                "That would be so if up to date were what you want. Ten servers that pull at "
                "different times run different images.",
                "tag-is-identity",
            ),
        ),
    ),
    Question(
        "q-bytes",
        "Ten images are built upon the same base image of 100 MB, and each adds 1 MB. All are "
        "pushed to one registry. How much does it store?",
        (
            Option(
                "1010 MB",
                "That would be so if each repository kept its own copy of the base.",
                "repository-has-copies",
            ),
            Option(
                "110 MB, and some small lists",
                "The layers of the base are stored once. Each image adds its own layer, a "
                "configuration and a manifest.",
            ),
            Option(
                "100 MB",
                "That would be so if the layers of 1 MB were the same as well.",
                "image-is-one-file",
            ),
        ),
    ),
    Question(
        "q-trust",
        "Somebody has broken into a registry and changes a layer. You pull by digest. What "
        "happens?",
        (
            Option(
                "You get the changed image, since you trust the registry",
                "That would be so with a tag, if the manifest was exchanged along with the layer. "
                "A digest says what the content must be.",
                "registry-is-trusted",
            ),
            Option(
                "The pull works once more, from a copy",
                "That would be so if registries kept copies for such a case.",
                "registry-is-trusted",
            ),
            Option(
                "The pull fails, because the digest does not fit",
                "The digest of the manifest says which layers belong to it, and their digests say "
                "what they contain.",
            ),
        ),
    ),
    Question(
        "q-again",
        "You pull an image by tag that you pulled an hour ago. Nobody has pushed since. What is "
        "fetched?",
        (
            Option(
                "All layers, since a pull fetches the image",
                "That would be so if the engine did not look at what it has. It compares digests "
                "first.",
                "push-sends-all",
            ),
            Option(
                "Nothing is even asked",
                "That would be so with `run`. A pull asks what the tag stands for now.",
                "run-asks-registry",
            ),
            Option(
                "The digest behind the tag, and no layer",
                "The answer is the digest that is here already, and that is all.",
            ),
        ),
    ),
)
