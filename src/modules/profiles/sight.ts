import type { Profile, StoredProfile } from './store.ts'

/** What a viewer sees of a profile: its texts are taken away, never what names the account. */
export function shownTo(viewerId: string | null, stored: StoredProfile): Profile {
  const { contentState, createdAt: _, ...profile } = stored
  if (contentState === 'VISIBLE' || (contentState === 'HIDDEN' && profile.id === viewerId)) return profile
  const { id, username } = profile
  return { id, username, displayName: username, bio: '', campusId: null, major: '', graduationYear: null, passions: [] }
}
