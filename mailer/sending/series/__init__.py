"""Series: who enters, who is due in which step, and who leaves. What a step sends, the ledger sends."""
