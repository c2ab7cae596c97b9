"""The classroom: what turns an engine and a notebook into a lesson.

A lesson cell never holds an answer.  Questions, the facts that settle them, hints and solutions
live here, so that deleting a cell loses nothing and a learner is not spoiled by scrolling.

    lesson = Lesson("02")            the engine, this lesson's plan, fixed names for its containers
    lesson.predict("host-view")      a question; the answer is stored before the experiment
    lesson.predicted("host-view")    first line of the experiment: reminds, never blocks
    lesson.compare("host-view", x)   quotes the learner's own prediction beside what was measured
    lesson.check("two-pids", f)      looks at the state of kernel and engine, never at typed text
    lesson.quiz()                    questions with a message for every wrong option
    lesson.break_("pid1_killed")     injects a named fault; a check looks for the repair
    lesson.leave_no_trace()          cleans up and proves it
"""

from pyminidocker.teach.lesson import Lesson
from pyminidocker.teach.progress import Progress

__all__ = ["Lesson", "Progress"]
