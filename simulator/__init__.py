"""WeCom and TAPD in a box: what they answer, push and show, also at their worst."""
