// biome-ignore-all lint/suspicious/noThenProperty: the word of the documents, which nobody awaits
import type { PolicyDocument } from './documents.ts'
import type { Surface } from './features.ts'

/** What strangers see: private conversations are not judged by their tone. */
const inPublic: Surface[] = ['ACTIVITY', 'ACTIVITY_MESSAGE', 'PROFILE', 'VENUE', 'EVENT']
/** Nobody who is trusted little is kept from reporting somebody else. */
const butReports: Surface[] = ['MESSAGE', ...inPublic, 'INVITE']

const text = (...anyOf: string[]) => ({ text: { anyOf } })

/** Version 1, where there is no other. It hides rather than removes, and never punishes cries for help. */
export const defaultDocument: PolicyDocument = {
  defaultAction: 'ALLOW',
  rules: [
    {
      id: 'known-image',
      when: { image: { anyOf: ['known>=high'] } },
      then: { action: 'REJECT', severity: 5, reason: 'This image is not allowed.', openCase: true },
    },
    {
      id: 'image',
      when: { image: { anyOf: ['nsfw>=medium', 'gore>=medium'] } },
      then: { action: 'HIDE', severity: 4, reason: 'This image may not be for everybody.', openCase: true },
    },
    {
      id: 'self-harm',
      when: text('self_harm>=medium'),
      then: { action: 'ALLOW', severity: 4, reason: 'Somebody may need help.', openCase: true },
    },
    {
      id: 'slur',
      when: { ...text('slur>=high'), surfaces: inPublic },
      then: { action: 'REJECT', severity: 4, reason: 'Slurs are not allowed.', openCase: false },
    },
    {
      id: 'scam',
      when: text('scam>=high'),
      then: { action: 'HIDE', severity: 3, reason: 'This looks like a scam.', openCase: true },
    },
    {
      id: 'threat',
      when: { ...text('violence>=high', 'harassment>=high'), surfaces: inPublic },
      then: { action: 'HIDE', severity: 3, reason: 'This may threaten or harass somebody.', openCase: true },
    },
    {
      id: 'unsafe-links',
      when: text('unsafe_links>=medium'),
      then: { action: 'STRIP_LINKS', severity: 3, reason: 'A link leads to a place that is not safe.', openCase: true },
    },
    {
      id: 'flood',
      when: { signals: { allOf: ['duplicate_text', 'high_velocity'] } },
      then: { action: 'SHADOW', severity: 2, reason: 'The same text again and again.', openCase: true },
    },
    {
      id: 'profanity',
      when: { ...text('profanity>=medium', 'sexual>=high'), surfaces: inPublic },
      then: { action: 'HIDE', severity: 2, reason: 'Mind your language where everybody reads it.', openCase: false },
    },
    {
      id: 'many-links',
      when: { ...text('excessive_links>=low'), signals: { anyOf: ['new_person', 'linked_to_banned'] } },
      then: { action: 'STRIP_LINKS', severity: 1, reason: 'Many links from somebody who is new.', openCase: false },
    },
    {
      id: 'little-trust',
      when: { trustBelow: 20, surfaces: butReports },
      then: { action: 'CHALLENGE', severity: 1, reason: 'Many of your things had to be taken down.', openCase: false },
    },
  ],
}
