/** Somebody, in one of the ways that a viewer can be told of them. */
export type Whom = { matchId: string } | { personId: string } | { activityId: string; attendeeId: string }
