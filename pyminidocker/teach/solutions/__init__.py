"""One way to solve each exercise; run by the tests, shown folded by ``lesson.solution``.

A function that the notebook asks for has the same name and parameters here.  An exercise that is
done in cells (start this, repair that) is a function of the lesson's ``engine``.
"""
