/** A tab of one of two people who write to each other; whoever has not registered yet has no token. */
interface Example {
  who?: 'Ann' | 'Ben'
  query: string
  variables?: object
}

const conversationId = '{{AnnOpens.openDirectConversation.conversation.id}}'
const error = `
    ... on Error {
      code
      message
    }`

const register = (who: string, says: string): Example => ({
  variables: { input: { username: '{{newId}}', password: 'only to try it out', displayName: who } },
  query: `
${says}

mutation ${who}Registers($input: RegisterInput!) {
  register(input: $input) {
    __typename
    ... on RegisterPayload {
      accessToken
      accessTokenExpiresAt
      account {
        username
        profile {
          id
        }
      }
    }${error}
  }
}`,
})

const changes = `
          __typename
          conversationId
          seq
          ... on MessageSent {
            message {
              id
              body
              sender {
                displayName
              }
            }
          }`

/** What lasts: two accounts, a conversation, and a phone that was away. */
export const conversationExamples: Example[] = [
  register(
    'Ann',
    `# 16. The third story: what lasts. Ann makes an account.
#     Its token ends after 15 minutes; an app gets the
#     next one by \`refresh\`.`,
  ),
  register('Ben', '# 17. So does Ben.'),
  {
    who: 'Ann',
    variables: { input: { username: '{{BenRegisters.register.account.username}}' } },
    query: `
# 18. Ann opens a conversation with Ben. There is one for
#     the two, whoever of them asks first.

mutation AnnOpens($input: OpenDirectConversationInput!) {
  openDirectConversation(input: $input) {
    __typename
    ... on OpenDirectConversationPayload {
      created
      conversation {
        id
        latestSeq
      }
    }
  }
}`,
  },
  {
    who: 'Ann',
    variables: { input: { clientId: '{{newId}}', conversationId, body: 'Are you at the lake tonight?' } },
    query: `
# 19. She writes. An app that got no answer sends the same
#     clientId again, and the message is there once.

mutation AnnWrites($input: SendMessageInput!) {
  sendMessage(input: $input) {
    __typename
    ... on SendMessagePayload {
      created
      sentMessage {
        id
        seq
        sentAt
      }
    }${error}
  }
}`,
  },
  {
    who: 'Ben',
    query: `
# 20. Ben’s phone has never been here: it loads what there
#     is at once, and learns from where to follow.

query BenLoads {
  syncBootstrap {
    conversations {
      upToSeq
      conversation {
        id
        unreadCount
      }
      messages {
        seq
        body
        sender {
          displayName
        }
      }
    }
    inboxCursor
    since
  }
}`,
  },
  {
    who: 'Ben',
    variables: { after: '{{BenLoads.syncBootstrap.inboxCursor}}' },
    query: `
# 21. It follows all of Ben’s conversations in one stream.
#     Run AnnWrites once more in another window to see it
#     move.

subscription BenFollows($after: Cursor) {
  inbox(after: $after) {
    __typename
    ... on Ready {
      cursor
    }
    ... on ConversationChanged {
      cursor
      change {${changes.replaceAll('\n          ', '\n        ')}
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
    who: 'Ben',
    variables: {
      input: {
        ...{ clientId: '{{newId}}', conversationId, body: 'From eight.' },
        replyToId: '{{AnnWrites.sendMessage.sentMessage.id}}',
      },
    },
    query: `
# 22. He answers.

mutation BenAnswers($input: SendMessageInput!) {
  sendMessage(input: $input) {
    __typename
    ... on SendMessagePayload {
      sentMessage {
        seq
        body
        replyTo {
          body
        }
      }
    }${error}
  }
}`,
  },
  {
    who: 'Ann',
    variables: { after: [{ conversationId, seq: 1 }] },
    query: `
# 23. Ann’s phone was in a tunnel. It says up to where it
#     has everything, and gets what came after, in order:
#     messages, and whatever changed.

query AnnCatchesUp($after: [SyncPositionInput!]) {
  syncChanges(after: $after) {
    conversations {
      upToSeq
      latestSeq
      hasMore
      changes {${changes.replaceAll('\n          ', '\n        ')}
      }
    }
    since
  }
}`,
  },
]
