"""The console's routes, whose forms carry a token against forged requests."""

from flask import Blueprint
from flask_wtf import CSRFProtect

console = Blueprint("console", __name__, url_prefix="/console")
csrf = CSRFProtect()
# The API has a bearer instead; only the console's own forms are checked.
console.before_request(csrf.protect)
