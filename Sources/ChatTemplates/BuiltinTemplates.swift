// Templates by name, for files that carry none. A name is chosen by the user, never guessed from the file.

/// The templates this engine knows by name.
public enum BuiltinTemplates {
    /// Names in alphabetical order.
    public static var names: [String] { sources.keys.sorted() }

    /// The source of a template, nil for an unknown name.
    public static func source(named name: String) -> String? { sources[name] }

    private static let sources: [String: String] = [
        "chatml": """
        {%- for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{%- endfor %}
        {%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{%- endif %}
        """,
        "gemma": """
        {{- bos_token }}
        {%- set ns = namespace(system='') %}
        {%- for message in messages %}
            {%- if message.role == 'system' %}{%- set ns.system = message.content + '\\n\\n' %}
            {%- else %}{{ '<start_of_turn>' + ('model' if message.role == 'assistant' else message.role) + '\\n' + ns.system + message.content | trim + '<end_of_turn>\\n' }}{%- set ns.system = '' %}
            {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{%- endif %}
        """,
        "glm4": """
        {{- '[gMASK]<sop>' }}
        {%- for message in messages %}{{ '<|' + message.role + '|>\\n' + message.content }}{%- endfor %}
        {%- if add_generation_prompt %}{{ '<|assistant|>' }}{%- endif %}
        """,
        "llama2": """
        {%- set ns = namespace(system='') %}
        {%- for message in messages %}
            {%- if message.role == 'system' %}{%- set ns.system = '<<SYS>>\\n' + message.content + '\\n<</SYS>>\\n\\n' %}
            {%- elif message.role == 'user' %}{{ bos_token + '[INST] ' + ns.system + message.content | trim + ' [/INST]' }}{%- set ns.system = '' %}
            {%- else %}{{ ' ' + message.content | trim + ' ' + eos_token }}
            {%- endif %}
        {%- endfor %}
        """,
        "llama3": """
        {{- bos_token }}
        {%- for message in messages %}{{ '<|start_header_id|>' + message.role + '<|end_header_id|>\\n\\n' + message.content | trim + '<|eot_id|>' }}{%- endfor %}
        {%- if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif %}
        """,
        "mistral": """
        {{- bos_token }}
        {%- set ns = namespace(system='') %}
        {%- for message in messages %}
            {%- if message.role == 'system' %}{%- set ns.system = message.content + '\\n\\n' %}
            {%- elif message.role == 'user' %}{{ '[INST] ' + ns.system + message.content + ' [/INST]' }}{%- set ns.system = '' %}
            {%- else %}{{ ' ' + message.content | trim + eos_token }}
            {%- endif %}
        {%- endfor %}
        """,
        "phi3": """
        {%- for message in messages %}{{ '<|' + message.role + '|>\\n' + message.content + '<|end|>\\n' }}{%- endfor %}
        {%- if add_generation_prompt %}{{ '<|assistant|>\\n' }}{%- endif %}
        """,
    ]
}
