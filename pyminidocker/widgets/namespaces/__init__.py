"""The namespace lens: which parts of the machine do two processes see together, which apart?"""
