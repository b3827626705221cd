"""The words the program is written in: every field the worker knows, by mapping and program name.

One line a field: `name type who [safety] [personal] [optional] [transform] [= values]`. `who` is `read` for what the worker never
writes, else the owner it must have. `= types` stands for all reference types. Read by `vocabulary`.
Not here: API names; mappings/ holds those, and may hold more fields than these for conditions to ask for.
"""

from __future__ import annotations

from collections.abc import Mapping

TABLES: Mapping[str, str] = {
    "account": """
        name text read
        owner reference:user read
        parent reference:account read
        industry text read
        country text read
        employees number read
        region picklist read
        product picklist read
        implementation_stage picklist read = planned implementing production retired
        use_case picklist read
        health_score number read safety
        healthy_since date read safety optional
        health_trend picklist read safety = rising steady falling
        churn_risk picklist read safety = none watch active
        renewal_on date read safety
        customer_since date read
        in_dispute checkbox read safety
        legal_hold checkbox read safety
        confidential checkbox read safety
        competitive_set text read safety
        outcome text read
        outcome_on date read
        max_calls_quarter number read safety
        master_record reference:account read
    """,
    "contact": """
        account reference:account read
        owner reference:user read
        title text read
        email_key text read email_key
        country text read
        individual reference:individual read safety
        master_record reference:contact read
        opted_out checkbox read safety
        email_opt_out checkbox read safety
        do_not_call checkbox read safety
        nps number read
        nps_on date read
        speaks_publicly picklist read = yes no not_asked
        nominated checkbox read
        left_company checkbox read safety
        salutation text read personal optional
        first_name text read personal
        last_name text read personal
        email text read personal
        phone text read personal
    """,
    "individual": """
        forget checkbox read safety
        no_processing checkbox read safety
        no_solicit checkbox read safety
    """,
    "user": """
        active checkbox read
        manager reference:user read
        time_zone text read
        role picklist read = program_owner sponsor legal cs_leader admin
        name text read personal
        email text read personal
    """,
    "opportunity": """
        account reference:account read
        owner reference:user read
        stage text read
        amount number read
        close_on date read
        probability number read
        closed checkbox read
        won checkbox read
        use_case picklist read
        product picklist read
    """,
    "case": """
        owner reference:any human_after_create
        key text key
        subject text human_after_create personal
        description text human_after_create personal
        account reference:account human_after_create safety
        contact reference:contact human_after_create
        priority picklist read safety = p1 p2 p3 p4
        closed checkbox read safety
        status text read
        opened_at datetime read
        closed_at datetime read optional
        department picklist human_after_create
        reply_due date human_after_create
        replied_on date read
        reply_evidence url read
    """,
    "task": """
        key text key
        subject text human_after_create
        who reference:contact human_after_create
        what reference:any human_after_create
        account reference:account read
        due_on date human_after_create
        closed checkbox read
        modified_at datetime read optional
        status picklist worker
        owner reference:any human_after_create
        description text human_after_create personal
    """,
    "event": """
        subject text read
        who reference:contact read
        what reference:any read
        account reference:account read
        starts_at datetime read
        owner reference:user read
    """,
    "business_hours": """
        name text read
        active checkbox read
        default checkbox read
        time_zone text read
        monday_start text read
        monday_end text read
        tuesday_start text read
        tuesday_end text read
        wednesday_start text read
        wednesday_end text read
        thursday_start text read
        thursday_end text read
        friday_start text read
        friday_end text read
        saturday_start text read
        saturday_end text read
        sunday_start text read
        sunday_end text read
    """,
    "holiday": """
        name text read
        on date read
        recurring checkbox read
        recurrence picklist read = daily every_weekday weekly monthly monthly_nth yearly yearly_nth
        recurs_from date read
        recurs_until date read
        recurs_every number read
        recurs_day number read
        recurs_mask number read
        recurs_nth number read
        recurs_month number read
    """,
    "queue": """
        developer_name text read
        kind text read
    """,
    "profile": """
        key text key
        contact reference:contact key safety
        account reference:account worker
        status picklist human_after_create safety = candidate invited active paused declined retired
        approved_types multipicklist read safety = types
        topics text read
        avoid_topics text read
        languages multipicklist read
        time_zone text read
        blackouts text read safety
        notice_days number read safety
        max_calls_quarter number read safety
        max_calls_year number read safety
        max_activations_half_year number read safety
        max_effort_year number read safety
        paused checkbox read safety
        pause_reason text read
        briefed_types multipicklist read safety = types
        briefed_on date read
        briefing_version text read
        nominated_by reference:user read
        verdict picklist worker = eligible blocked unknown
        verdict_summary text worker
        reasons text worker
        eligible_types multipicklist worker = types
        strength number worker
        title text worker
        industry text worker
        product text worker
        calls_90d number worker
        activations_180d number worker
        uses_365d number worker
        effort_365d number worker
        reservations number worker
        next_available_on date worker
        next_check_in_on date worker
        health_since date worker
        rule_version text stamp
        evaluated_at datetime stamp
    """,
    "consent": """
        key text key
        contact reference:contact read safety
        use picklist read safety = types
        status picklist read safety = granted pending refused withdrawn
        text_version text read safety
        evidence url read safety
        territory multipicklist read safety
        audience picklist read safety = anyone prospects named internal
        approved_by reference:user read safety
        valid_from date read safety
        valid_to date read safety
        withdrawn_on date read safety
        legal_restriction checkbox read safety
        restriction_note text read
        expiry_warning picklist worker = none 60_days 30_days expired
    """,
    "request": """
        key text key
        opportunity reference:opportunity read
        prospect reference:account read safety
        requester reference:user read
        type picklist read safety = types
        audience text read
        industry text read
        use_case text read
        product text read
        region text read
        language text read
        size picklist read = small medium large enterprise
        needed_by date read
        stage picklist read safety = draft submitted on_hold withdrawn closed
        submitted_on date read
        notes text read
        status picklist worker = new late matched owner_deciding customer_asked approved scheduled completed missed unfilled frozen closed
        verdict_summary text worker
        reasons text worker
        earliest_on date worker
        recommended_match reference:match worker
        substitute text worker
        substitute_asset reference:asset worker
        clock picklist worker = on_track due overdue stopped
        due_on date worker
        evaluated_at datetime stamp
    """,
    "match": """
        key text key
        request reference:request key safety
        profile reference:profile key safety
        rank number worker
        score number worker
        score_parts text worker
        reasons text worker
        recommended checkbox worker
        reserved_until date worker
        state picklist worker safety = proposed superseded frozen closed
        gate_verdict picklist worker = not_checked passed refused
        gate_reasons text worker
        attempt number worker
        decide_by date worker
        outreach_text text worker
        owner_decision picklist read safety = approved declined
        owner_decided_on date read
        asked_on date read safety
        customer_response picklist read safety = accepted declined
        responded_on date read safety
        scheduled_for datetime read
        completed_on date read
    """,
    "activity": """
        key text key
        contact reference:contact human_after_create safety
        match reference:match human_after_create
        request reference:request human_after_create
        type picklist human_after_create safety = types
        requester reference:user human_after_create safety
        audience text human_after_create safety
        prospect reference:account human_after_create
        requested_on date human_after_create safety
        asked_on date human_after_create safety
        responded_on date human_after_create safety
        scheduled_on date human_after_create safety
        completed_on date human_after_create safety
        status picklist human_after_create safety = asked accepted declined scheduled completed missed cancelled
        minutes number read
        customer_feedback text read
        requester_feedback text read
        sentiment picklist read = positive neutral negative
        missed_by picklist read = customer rep us
        issues text read
        note text human_after_create
        concern_department picklist read
        thanked_on date read
        effort_points number worker
        thank_you_due date worker
    """,
    "escalation": """
        owner reference:any human_after_create
        key text key
        kind picklist key = consent_withdrawn negative_sentiment missed_commitment repeated_overuse department_concern mass_change off_system_use
        severity picklist worker = low medium high
        route picklist worker = legal cs_leader account_owner rep sponsor program_owner department
        assigned_to reference:user worker
        due_on date worker
        evidence text worker
        summary text worker
        occurrences number worker
        contact reference:contact key safety
        account reference:account key safety
        activity reference:activity key
        case reference:case worker
        raised_on date key
        status picklist human_after_create safety = open in_progress closed
        resolution text read
        cause text read
        corrective_action text read
        effectiveness text read
        closed_on date read
    """,
    "asset": """
        title text read
        key text key
        account reference:account read safety
        contact reference:contact read safety
        type picklist read safety = types
        url url read
        status picklist read safety = draft published withdrawn
        published_on date read
        version text read safety
        approved_by reference:user read safety
        approved_version text read safety
        industry text read
        use_case text read
        product text read
        consent_state picklist worker = covered expiring not_covered
        expiry_warning picklist worker = none 60_days 30_days expired
    """,
    "coverage": """
        key text key
        industry text worker
        product text worker
        region text worker
        type picklist worker = types
        supply number worker
        demand number worker
        gap number worker
        recruit text worker
    """,
    "sync_request": """
        key text key
        requested_by reference:user read
        scope picklist read = everything one_record
        record_id text read
        status picklist worker = queued running done failed
        counts text worker
        message text worker
        run reference:sync_run worker
    """,
    "sync_run": """
        key text key
        kind picklist worker = full incremental lease
        status picklist worker = running done failed dry_run held free
        as_of date worker
        started_at datetime worker
        finished_at datetime worker
        holder text worker safety
        fence number worker safety
        lease_until datetime worker safety
        counts text worker
        api_calls number worker
        rule_version text worker
        plan_checksum text worker
        message text worker
        stop checkbox read safety
    """,
    "sync_issue": """
        owner reference:any human_after_create
        key text key
        kind text key
        subject text key
        record_id text worker
        summary text worker
        remedy text worker
        assigned_to reference:user worker
        resolved checkbox worker
        acknowledged checkbox read
    """,
}
