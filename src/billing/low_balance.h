/*
 * low_balance: tells users that little is left. The owner's thresholds, and
 * the row of the outbox that a crossing becomes: kind "low_balance", object
 * USER:THRESHOLD:N for the Nth fall of this user below this threshold, data
 * {"threshold", "available"}. A deleted user is told nothing.
 */
#ifndef VT_BILLING_LOW_BALANCE_H
#define VT_BILLING_LOW_BALANCE_H

/*
 * Reads VANTAGE_POLICY_LOW_BALANCE and sets the thresholds of this process;
 * ends it, naming the variable, when that makes no sense. Every program that
 * writes the ledger calls it, once, before its first thread.
 */
void low_balance_open(void);

#endif
