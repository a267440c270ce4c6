email = request.user.email.lower()
if "@" not in email:
    raise SkipObject
name = request.user.name.strip() or email
given, _, family = name.partition(" ")
return {
    "userName": email,
    "name": {"givenName": given, "familyName": family or given, "formatted": name},
    "displayName": name,
    "active": request.user.is_active,
    "emails": [{"value": email, "type": "work", "primary": True}],
}
