// Words of Webex's addresses (webex-facts 1). What is not among them may be anybody's name or id.
const WORDS = new Set(
  `v1 v2 people me rooms messages memberships teams team webhooks attachment actions events roles licenses organizations locations
  workspaces workspaceLocations devices deviceConfigurations places meetings meetingParticipants meetingInvitees meetingPreferences
  meetingInfo registrants recordings recordingReport transcripts snippets participants invitees sites admin adminAudit securityAudit
  reports report templates analytics telephony config calls dial answer hangup history queues huntGroups callQueues autoAttendants
  numbers availableNumbers schedules voicemail callForwarding groups users scim Schemas xapi status command guests count token
  applications authorizations tokenExpiry access_token authorize revoke device idb oauth2 oauth2_clients userinfo openid jwt login
  logout identity verification jwks keys resources u2c api catalog limited hybrid contents issue search services userPreferences
  contacts lists read direct tab tabs broadworks subscribers partner tags wholesale customers hds clusters events-report sessions`
    .split(/\s+/)
    .filter(Boolean),
);

const MOST_SEGMENTS = 16;

/** A path that anybody may see: what is no word of Webex's addresses is shown as `:id`, and the end of a very long one as `...`. */
export function publicPath(path: string): string {
  const segments = path.split('/', MOST_SEGMENTS + 2);
  if (segments.length > MOST_SEGMENTS + 1) return `${publicPath(segments.slice(0, -1).join('/'))}/...`;
  return segments.map((segment) => (segment === '' || WORDS.has(segment) ? segment : ':id')).join('/');
}
