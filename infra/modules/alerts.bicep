// Who is told of what. Each alert has a runbook of its name.

param location string
param tags { *: string }
param workspaceId string
param serviceBusId string
param cosmosId string
@description('Addresses that are told; empty: alerts fire, and nobody is told.')
param alertEmails string[]

var notified = empty(alertEmails) ? [] : [group.id]
var notifiedOfMetrics = empty(alertEmails) ? [] : [{ actionGroupId: group.id }]

var metricAlerts = [
  {
    // The sweep resubmits after 5 minutes what another try may mend; only what stays needs somebody.
    name: 'dead-letters'
    severity: 1
    description: 'Dead letters stay: the sweep does not bring them back.'
    scope: serviceBusId
    namespace: 'Microsoft.ServiceBus/namespaces'
    metric: 'DeadletteredMessages'
    aggregation: 'Minimum'
    window: 'PT15M'
    dimensions: []
  }
  {
    name: 'throttling'
    severity: 2
    description: 'Cosmos DB refuses requests because they come too fast (429).'
    scope: cosmosId
    namespace: 'Microsoft.DocumentDB/databaseAccounts'
    metric: 'TotalRequests'
    aggregation: 'Count'
    window: 'PT5M'
    dimensions: [{ name: 'StatusCode', operator: 'Include', values: ['429'] }]
  }
  {
    // An alert watches one resource.
    name: 'throttling-service-bus'
    severity: 2
    description: 'Service Bus refuses requests because they come too fast.'
    scope: serviceBusId
    namespace: 'Microsoft.ServiceBus/namespaces'
    metric: 'ThrottledRequests'
    aggregation: 'Total'
    window: 'PT5M'
    dimensions: []
  }
]

// A window is twice its period at least, since metrics come minutes late.
var searchAlerts = [
  {
    name: 'parked-events'
    severity: 2
    description: 'Events were parked: they can never be recorded as they are.'
    query: 'AppMetrics | where Name == "patchbay.events.parked" | summarize Found = sum(Sum)'
    every: 'PT15M'
    window: 'PT30M'
  }
  {
    name: 'parked-effects'
    severity: 1
    description: 'Effects of conversations failed ten times and were parked: rows, ends or lines are missing elsewhere.'
    query: 'AppMetrics | where Name == "patchbay.effects.parked" | summarize Found = sum(Sum)'
    every: 'PT15M'
    window: 'PT30M'
  }
  {
    // Each sweep tells how many are overdue, and attends to them: only what stays is wrong. If no sweep tells, none ran.
    name: 'overdue-attention'
    severity: 1
    description: 'Conversations wait for a reminder or an end that is overdue, or the sweep does not run.'
    query: 'AppMetrics | where Name == "patchbay.attention.overdue" | summarize Least = min(Min), Seen = count() | extend Found = iff(Seen == 0, 1.0, Least)'
    every: 'PT15M'
    window: 'PT30M'
  }
  {
    name: 'month-not-closed'
    severity: 2
    // Told once a day, and what was told last counts.
    description: 'A month is due to close and does not.'
    query: 'AppMetrics | where Name == "patchbay.months.obstructed" | summarize arg_max(TimeGenerated, Max) | project Found = Max'
    every: 'PT1H'
    window: 'P2D'
  }
]

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(alertEmails)) {
  name: 'operators'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'operators'
    emailReceivers: [
      for address in alertEmails: {
        name: address
        emailAddress: address
        useCommonAlertSchema: true
      }
    ]
  }
}

resource metricAlert 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for each in metricAlerts: {
    name: each.name
    location: 'global'
    tags: tags
    properties: {
      description: each.description
      severity: each.severity
      enabled: true
      autoMitigate: true
      scopes: [each.scope]
      evaluationFrequency: 'PT5M'
      windowSize: each.window
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            name: each.name
            criterionType: 'StaticThresholdCriterion'
            metricNamespace: each.namespace
            metricName: each.metric
            timeAggregation: each.aggregation
            dimensions: each.dimensions
            operator: 'GreaterThan'
            threshold: 0
          }
        ]
      }
      actions: notifiedOfMetrics
    }
  }
]

resource searchAlert 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for each in searchAlerts: {
    name: each.name
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: each.name
      description: each.description
      severity: each.severity
      enabled: true
      autoMitigate: true
      // The first deployment comes before the first metric.
      skipQueryValidation: true
      scopes: [workspaceId]
      evaluationFrequency: each.every
      windowSize: each.window
      criteria: {
        allOf: [
          {
            query: each.query
            timeAggregation: 'Maximum'
            metricMeasureColumn: 'Found'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: notified }
    }
  }
]
