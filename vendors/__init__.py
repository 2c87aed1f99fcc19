"""Who may send products: vendors, the people who work for them, and who may see which of them.

models/         vendors, their members and invitations; tokens and webhooks of their programs
access.py       who may see what of which vendor; the one place where vendors are kept apart
viewing.py      staff look at a vendor's pages as it sees them
approval.py     staff let companies in, suspend and reactivate them
holds.py        whether what comes for a vendor takes effect
members.py      who works for a vendor, and in which role
leaving.py      who they were is deleted when their vendor leaves
proof.py        a code by mail proves an address
invitations.py  how colleagues get in
mails.py        mails to a vendor's people
summary.py      one vendor in numbers
demo.py         the logins for looking around, which no deployment has
tables.py       the admin's lists whose rows belong to vendors
admin.py           vendors in the admin
members_inline.py  their people, on the page of one
tokens/         what their programs prove themselves with
webhooks/       what their programs are told
portal/         what vendors' people see of it
"""
