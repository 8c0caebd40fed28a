"""What can happen to an account; each function checks, writes, commits once and wakes the postman after it."""

from mailer.accounts.second_factors import has_second_factor
from mailer.auth.services.addresses import ask_own_address, confirm_own_address, remove_own_address
from mailer.auth.services.passwords import ask_recovery, change_password, reset_password
from mailer.auth.services.profile import (
    Profile,
    ask_email_change,
    change_email,
    erase_account,
    export_own_data,
    remove_avatar,
    set_avatar,
    update_profile,
)
from mailer.auth.services.registration import (
    confirm_email,
    create_user,
    register,
    register_invited,
    resend_confirmation,
)
from mailer.auth.services.second_factor import (
    renew_recovery_codes,
    switch_off,
    switch_on,
    verify_code,
)
from mailer.auth.services.sessions import authenticate, end_other_sessions, end_session, note_device, record_sign_in

__all__ = [
    "Profile",
    "ask_email_change",
    "ask_own_address",
    "ask_recovery",
    "authenticate",
    "change_email",
    "change_password",
    "confirm_email",
    "confirm_own_address",
    "create_user",
    "end_other_sessions",
    "end_session",
    "erase_account",
    "export_own_data",
    "has_second_factor",
    "note_device",
    "record_sign_in",
    "register",
    "register_invited",
    "remove_avatar",
    "remove_own_address",
    "renew_recovery_codes",
    "resend_confirmation",
    "reset_password",
    "set_avatar",
    "switch_off",
    "switch_on",
    "update_profile",
    "verify_code",
]
