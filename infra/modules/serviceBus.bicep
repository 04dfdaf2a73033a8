// The topic that all events travel on, and its subscriptions, as shared/events/bus.py names them.

param name string
param location string
param tags { *: string }
@allowed(['Standard', 'Premium'])
param sku string
param publicNetworkAccess string
@description('Object id of the app\'s identity.')
param principalId string

var serviceBusDataSender = '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'
var serviceBusDataReceiver = '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'

var premium = sku == 'Premium'

var routed = [
  { subscription: 'conversation-started', type: 'conversation.started' }
  { subscription: 'message-posted', type: 'message.posted' }
  { subscription: 'bot-escalated', type: 'bot.escalated' }
  { subscription: 'inactivity-timeout', type: 'inactivity.timeout' }
  { subscription: 'conversation-ended', type: 'conversation.ended' }
]
var quotedTypes = [for each in routed: '\'${each.type}\'']
var knownTypes = join(quotedTypes, ', ')
var correlated = [
  for each in routed: {
    name: each.subscription
    passes: { filterType: 'CorrelationFilter', correlationFilter: { label: each.type } }
  }
]
var others = [
  {
    name: 'unrouted'
    passes: {
      filterType: 'SqlFilter'
      sqlFilter: { sqlExpression: 'sys.Label IS NULL OR sys.Label NOT IN (${knownTypes})' }
    }
  }
]
var subscriptions = concat(correlated, others)

resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: sku, tier: sku, ...(premium ? { capacity: 1 } : {}) }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
    ...(premium ? { premiumMessagingPartitions: 1 } : {})
    publicNetworkAccess: publicNetworkAccess
  }
}

resource topic 'Microsoft.ServiceBus/namespaces/topics@2024-01-01' = {
  parent: namespace
  name: 'conversation-events'
  properties: {
    // A month closes a day after the last message that may speak of it is gone: it stays open for 8 days at least.
    defaultMessageTimeToLive: 'P7D'
    requiresDuplicateDetection: false
    // The most that the tier allows. When the messages of all subscriptions fill it, senders are refused.
    maxSizeInMegabytes: premium ? 81920 : 5120
  }
}

resource subscription 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2024-01-01' = [
  for each in subscriptions: {
    parent: topic
    name: each.name
    properties: {
      deadLetteringOnMessageExpiration: true
      defaultMessageTimeToLive: 'P7D'
      lockDuration: 'PT1M'
      maxDeliveryCount: 10
      requiresSession: false
    }
  }
]

// A new subscription has a rule of this name that lets everything through. Any other name would leave it standing.
resource rule 'Microsoft.ServiceBus/namespaces/topics/subscriptions/rules@2024-01-01' = [
  for (each, i) in subscriptions: {
    parent: subscription[i]
    name: '$Default'
    properties: each.passes
  }
]

resource sends 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(topic.id, principalId, serviceBusDataSender)
  scope: topic
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', serviceBusDataSender)
  }
}

resource receives 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (each, i) in subscriptions: {
    name: guid(subscription[i].id, principalId, serviceBusDataReceiver)
    scope: subscription[i]
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', serviceBusDataReceiver)
    }
  }
]

output id string = namespace.id
output fullyQualifiedName string = replace(
  replace(namespace.properties.serviceBusEndpoint, 'https://', ''),
  ':443/',
  ''
)
