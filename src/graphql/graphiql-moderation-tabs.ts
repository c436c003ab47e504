/** A tab of one of those two who write to each other, or of staff. */
interface Example {
  who: 'Ann' | 'Ben' | 'moderator' | 'admin'
  query: string
  variables?: object
}

const message = '{{AnnWrites.sendMessage.sentMessage.id}}'
const caseId = '{{ModeratorLooks.cases.edges.0.node.id}}'
const error = `
    ... on Error {
      code
      message
    }`

/** What happens when somebody reports something: decided, explained, appealed, undone, and written down. */
export const moderationExamples: Example[] = [
  {
    who: 'Ben',
    variables: { input: { clientId: '{{newId}}', subjectId: message, reason: 'HARASSMENT', note: 'To try it out.' } },
    query: `
# 24. The fourth story: a report. Ben reports what Ann wrote.
#     She never learns of it.

mutation BenReports($input: CreateReportInput!) {
  createReport(input: $input) {
    __typename
    ... on CreateReportPayload {
      report {
        id
        state
      }
    }${error}
  }
}`,
  },
  {
    who: 'moderator',
    query: `
# 25. A moderator looks at what waits.

query ModeratorLooks {
  cases(first: 10, orderBy: OPENED, filter: { states: [OPEN] }) {
    edges {
      node {
        id
        subject {
          kind
        }
        reasons
        severity
        reportCount
        dueAt
        overdue
      }
    }
  }
}`,
  },
  {
    who: 'moderator',
    query: `
# 26. A screen that stays open: every change of a case comes
#     by itself. Run BenReports again in another window,
#     about another message, to see it move.

subscription ModeratorFollows($after: Cursor) {
  moderationQueue(after: $after) {
    __typename
    ... on Ready {
      cursor
    }
    ... on CaseChanged {
      cursor
      change
      case {
        id
        state
        severity
        claimedBy {
          username
        }
      }
    }
    ... on ResyncRequired {
      cursor
      reason
    }
  }
}`,
  },
  {
    who: 'moderator',
    variables: { input: { caseId } },
    query: `
# 27. One moderator takes it; nobody else can meanwhile. That
#     the words were read is written down.

mutation ModeratorClaims($input: ClaimCaseInput!) {
  claimCase(input: $input) {
    __typename
    ... on ClaimCasePayload {
      case {
        claimExpiresAt
        evidence {
          now
          excerpts {
            text
            at
          }
        }
      }
    }${error}
  }
}`,
  },
  {
    who: 'moderator',
    variables: {
      input: {
        ...{ clientId: '{{newId}}', caseId, action: 'HIDE', reason: 'Only to try it out' },
        explanation: 'We hid this message to show how that works. Nothing is wrong with it.',
      },
    },
    query: `
# 28. It is decided: nobody but Ann sees the message now.

mutation ModeratorDecides($input: ResolveCaseInput!) {
  resolveCase(input: $input) {
    __typename
    ... on ResolveCasePayload {
      case {
        state
        resolvedAt
      }
    }${error}
  }
}`,
  },
  {
    who: 'Ann',
    query: `
# 29. Ann is told what was done, and why. Apps follow
#     myModerationStatus, where it comes by itself.

query AnnIsTold {
  moderationStatuses(first: 1) {
    edges {
      node {
        __typename
        at
        ... on DecisionStatus {
          decisionId
          action
          reason
          explanation
          appealableUntil
        }
      }
    }
  }
}`,
  },
  {
    who: 'Ann',
    variables: {
      input: {
        ...{ clientId: '{{newId}}', decisionId: '{{AnnIsTold.moderationStatuses.edges.0.node.decisionId}}' },
        note: 'I only asked whether he comes to the lake.',
      },
    },
    query: `
# 30. She appeals.

mutation AnnAppeals($input: CreateAppealInput!) {
  createAppeal(input: $input) {
    __typename
    ... on CreateAppealPayload {
      appeal {
        id
        state
      }
    }${error}
  }
}`,
  },
  {
    who: 'admin',
    variables: {
      input: { appealId: '{{AnnAppeals.createAppeal.appeal.id}}', outcome: 'ACCEPTED', answer: 'You are right.' },
    },
    query: `
# 31. Somebody else than who decided it answers. Accepted, it
#     is undone: the message is there again.

mutation AdminAnswers($input: ResolveAppealInput!) {
  resolveAppeal(input: $input) {
    __typename
    ... on ResolveAppealPayload {
      appeal {
        state
        resolvedAt
      }
    }${error}
  }
}`,
  },
  {
    who: 'admin',
    query: `
# 32. And all of that is written down, in a chain that cannot
#     be changed unnoticed: npm run audit:verify

query AdminAudits {
  auditLog(first: 10) {
    edges {
      node {
        seq
        at
        actorId
        action
        target
      }
    }
  }
}`,
  },
]
